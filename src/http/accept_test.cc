#include "http/accept.h"

#include <gtest/gtest.h>

#include <string>

#include "http/head_reader.h"

namespace carillon::http {
namespace {

int preference_of(const std::string& headers) {
  HeadReader reader;
  const auto step = reader.feed("GET / HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n");
  EXPECT_EQ(step.state, HeadState::done) << headers;
  const RequestHead head = reader.take_head();
  return preference_for(head, "text/event-stream");
}

TEST(Accept, NamesAMediaTypeWithItsWeight) {
  EXPECT_EQ(preference_of("Accept: text/event-stream\r\n"), 1000);
  EXPECT_EQ(preference_of("accept: Text/Event-Stream\r\n"), 1000);
  EXPECT_EQ(preference_of("Accept: text/html , text/event-stream ;charset=utf-8; Q=0.5\r\n"), 500);
  EXPECT_EQ(preference_of("Accept: text/event-stream;q=0.125\r\n"), 125);
  EXPECT_EQ(preference_of("Accept: text/event-stream;q=1\r\n"), 1000);
  EXPECT_EQ(preference_of("Accept: text/html\r\nAccept: text/event-stream;q=0.2\r\n"), 200);
}

TEST(Accept, WithoutTheMediaTypeHasNoPreference) {
  EXPECT_EQ(preference_of(""), 0);
  EXPECT_EQ(preference_of("Accept:\r\n"), 0);
  EXPECT_EQ(preference_of("Accept: */*, text/*\r\n"), 0);
  EXPECT_EQ(preference_of("Accept: text/event-streams, xtext/event-stream\r\n"), 0);
  EXPECT_EQ(preference_of("Accept: application/json;x=text/event-stream\r\n"), 0);
  EXPECT_EQ(preference_of("Accept: text/event-stream;q=0\r\n"), 0);
  EXPECT_EQ(preference_of("Accept: text/event-stream;q=0.000\r\n"), 0);
}

// The weight only orders what a client takes, so one that is malformed refuses nothing.
TEST(Accept, AMalformedWeightCountsAsOne) {
  for (const char* weight : {"", "x", "0.x", "2", "-1"}) {
    EXPECT_EQ(preference_of("Accept: text/event-stream;q=" + std::string(weight) + "\r\n"), 1000) << weight;
  }
}

}  // namespace
}  // namespace carillon::http
