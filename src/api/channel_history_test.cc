// The history API: its query and the body of its answer. tests/integration/history_api.test.mjs has the rest.
#include "api/channel_history.h"

#include <gtest/gtest.h>

#include "history/record.h"
#include "http/head_reader.h"

namespace carillon::api {
namespace {

http::RequestHead head_of_target(std::string_view target) {
  http::HeadReader reader;
  const auto step = reader.feed("GET " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(step.state, http::HeadState::done) << target;
  return reader.take_head();
}

// What is wrong with the query, or nothing.
std::string verdict_on_query(std::string_view query, std::string_view channel = "orders.42") {
  const auto head = head_of_target("/v1/channels/" + std::string(channel) + "/history" + std::string(query));
  EXPECT_TRUE(ChannelHistory::has_path(head));
  const auto read = read_history_query(head);
  return read ? std::string() : read.error();
}

Ref<const history::Record> record_of(std::uint64_t number, std::string_view body) {
  history::Event event;
  event.number = number;
  event.received = WallTime(milliseconds(1000 * static_cast<std::int64_t>(number)));
  event.frame = body;
  event.body = body;
  return history::Record::try_make(event);
}

gateway::ResumeAnswer answer_with(std::uint64_t from, std::uint64_t to) {
  gateway::ResumeAnswer answer;
  answer.number = 9;
  for (std::uint64_t number = from; number <= to; ++number) {
    answer.events.push_back(record_of(number, "{\"n\":" + std::to_string(number) + "}"));
  }
  return answer;
}

TEST(ChannelHistoryQuery, TheLimitIsOneToAThousand) {
  EXPECT_EQ(verdict_on_query("?limit=1"), "");
  EXPECT_EQ(verdict_on_query("?limit=1000"), "");
  const std::string_view wrong = "\"limit\" must be a number from 1 to 1000";
  for (const char* limit : {"0", "1001", "-1", "", "1x", "99999999999"}) {
    EXPECT_EQ(verdict_on_query("?limit=" + std::string(limit)), wrong) << limit;
  }
}

TEST(ChannelHistoryQuery, UnknownRepeatedAndUnreadableParametersAreRefused) {
  EXPECT_EQ(verdict_on_query("?from=1"),
            "only the parameters after, limit, reverse and endpoint are known here");
  EXPECT_EQ(verdict_on_query("?limit=1&limit=2"), "\"limit\" is given twice");
  EXPECT_EQ(verdict_on_query("?limit=%zz"), "the query cannot be read");
  EXPECT_EQ(verdict_on_query("?reverse=yes"), "\"reverse\" must be true or false");
  EXPECT_EQ(verdict_on_query("?after=42"), "\"after\" must be a position, as events have one");
}

TEST(ChannelHistoryQuery, TheChannelMayHaveAnyBytesThatAChannelMayHave) {
  EXPECT_EQ(read_history_query(head_of_target("/v1/channels/a%20b/c/history"))->channel, "a b/c");
  EXPECT_EQ(verdict_on_query("", std::string(255, 'c')), "");
  EXPECT_NE(verdict_on_query("", std::string(256, 'c')), "");
  EXPECT_NE(verdict_on_query("", "carillon.probe"), "");
  EXPECT_FALSE(ChannelHistory::has_path(head_of_target("/v1/channels//history")));
  EXPECT_FALSE(ChannelHistory::has_path(head_of_target("/v1/channels/history")));
  EXPECT_FALSE(ChannelHistory::has_path(head_of_target("/v1/channels/a")));
}

TEST(ChannelHistoryBody, APageOfTheEventsAfterAPositionContinuesFromItsLastEvent) {
  ChannelHistoryQuery query{.channel = "a", .after = "1AAAAAAAAAAE.1"};
  auto answer = answer_with(2, 3);
  answer.leaves_out = true;
  EXPECT_EQ(history_body(query, "live", 1, answer),
            R"({"channel":"a","endpoint":"live","events":[)"
            R"({"position":"1AAAAAAAAAAE.2","time_ms":2000,"data":{"n":2}},)"
            R"({"position":"1AAAAAAAAAAE.3","time_ms":3000,"data":{"n":3}}],)"
            R"("more":true,"position":"1AAAAAAAAAAE.3","recovered":true,"reason":null})");
  answer.leaves_out = false;
  EXPECT_NE(history_body(query, "live", 1, answer).find(R"("position":"1AAAAAAAAAAE.9","recovered")"),
            std::string::npos)
      << "nothing follows: what comes next is after the last event of the process";
}

TEST(ChannelHistoryBody, ReversedHasTheNewestEventFirst) {
  const std::string body = history_body({.channel = "a", .is_reversed = true}, "live", 1, answer_with(2, 3));
  EXPECT_LT(body.find(R"({"n":3})"), body.find(R"({"n":2})"));
}

TEST(ChannelHistoryBody, APositionThatCannotBeContinuedHasNoEventsAndTheReason) {
  gateway::ResumeAnswer answer;
  answer.number = 9;
  answer.outcome = gateway::ResumeOutcome::evicted;
  EXPECT_EQ(history_body({.channel = "a", .after = "1AAAAAAAAAAE.1"}, "live", 1, answer),
            R"({"channel":"a","endpoint":"live","events":[],"more":false,"position":"1AAAAAAAAAAE.9",)"
            R"("recovered":false,"reason":"evicted"})");
}

}  // namespace
}  // namespace carillon::api
