// Events as Server-Sent Events, byte for byte.
#include "transport/sse.h"

#include <gtest/gtest.h>

#include <string>

namespace carillon::transport {
namespace {

std::string record_of(const SseRecord& record) {
  std::string bytes(size_of(record), '?');
  EXPECT_EQ(write(bytes.data(), record), bytes.data() + bytes.size());
  return bytes;
}

TEST(SseRecord, ABodyIsOneDataFieldAndAnEmptyLine) {
  EXPECT_EQ(record_of({.data = R"({"a":1})"}), "data: {\"a\":1}\n\n");
  EXPECT_EQ(record_of({}), "data: \n\n");
}

TEST(SseRecord, TheTypeStandsBeforeTheData) {
  EXPECT_EQ(record_of({.event = "gap", .data = "x"}), "event: gap\ndata: x\n\n");
}

// Regression: clients that use a record whose connection was cut in the middle, such as r3labs/sse, took the
// id of data that they did not have, and never got it.
TEST(SseRecord, ABeginningOfARecordHasNoIdWithoutAllOfItsData) {
  const std::string record = record_of({.id = "7f", .event = "gap", .data = "x\ny"});
  EXPECT_EQ(record, "event: gap\ndata: x\ndata: y\nid: 7f\n\n");
}

// The client joins the lines by LF, so what it has is the text with each of its line breaks as LF.
TEST(SseRecord, EachLineOfTheTextIsADataField) {
  struct Row {
    std::string text;
    std::string bytes;
  };
  const Row rows[] = {{"a\nb", "data: a\ndata: b\n\n"},
                      {"a\rb", "data: a\ndata: b\n\n"},
                      {"a\r\nb", "data: a\ndata: b\n\n"},
                      {"a\n\rb", "data: a\ndata: \ndata: b\n\n"},
                      {"a\n\nb\r\r\n", "data: a\ndata: \ndata: b\ndata: \ndata: \n\n"},
                      {"\n", "data: \ndata: \n\n"},
                      {"\r\n", "data: \ndata: \n\n"},
                      {"a\r", "data: a\ndata: \n\n"},
                      {" a", "data:  a\n\n"}};
  for (const Row& row : rows) EXPECT_EQ(record_of({.data = row.text}), row.bytes) << row.text;
}

TEST(SseRecord, ALineBreakAtAnyPlaceEndsNoRecord) {
  for (std::size_t at = 0; at <= 8; ++at) {
    for (const char* line_break : {"\n", "\r", "\r\n"}) {
      std::string text = "12345678";
      text.insert(at, line_break);
      const std::string bytes = record_of({.data = text});
      EXPECT_EQ(bytes.find("\n\n"), bytes.size() - 2) << bytes;
      EXPECT_EQ(bytes.find('\r'), std::string::npos);
    }
  }
}

std::string encoded(const EventText& event) {
  const EventEncoder& encoder = sse_format().encoder();
  std::string bytes(encoder.size_of(event), '?');
  EXPECT_EQ(encoder.write(bytes.data(), event), 0U);
  return bytes;
}

TEST(SseFormat, TheEncoderWritesTheRecordOfABody) {
  EXPECT_EQ(encoded({"{\"a\":\n1}"}), "data: {\"a\":\ndata: 1}\n\n");
}

TEST(SseFormat, ThePositionOfAnEventIsItsId) {
  EXPECT_EQ(encoded({"1\n2", "1abc.7"}), "data: 1\ndata: 2\nid: 1abc.7\n\n");
}

TEST(SseFormat, TheTypeOfAMessageIsTheNameOfItsEvent) {
  const auto message = [](std::string_view payload) {
    std::string bytes;
    sse_format().append_message(bytes, payload);
    return bytes.substr(0, bytes.find("data: "));
  };
  EXPECT_EQ(message(R"({"n":1,"type":"gap"})"), "event: gap\n");
  for (const auto* payload : {R"({"n":1})", R"({"type":1})", R"({"type":""})", R"({"type":"a\nid: 1"})",
                              R"({"type":"a\rb"})", R"(["type"])", "no JSON"}) {
    EXPECT_EQ(message(payload), "") << payload;
  }
}

// EventSource dispatches these itself: a page would take the message for a lost connection.
TEST(SseFormat, AMessageHasNoNameThatEventSourceUses) {
  for (const auto* name : {"error", "open", "message"}) {
    std::string bytes;
    sse_format().append_message(bytes, R"({"type":")" + std::string(name) + "\"}");
    EXPECT_TRUE(bytes.starts_with("data: ")) << bytes;
  }
}

TEST(SseFormat, WhatIsNoEvent) {
  std::string bytes;
  sse_format().append_retry(bytes, milliseconds(3000));
  sse_format().append_heartbeat(bytes, "");
  sse_format().append_heartbeat(bytes, "7");
  sse_format().append_position(bytes, "8");
  sse_format().append_message(bytes, "{}");
  sse_format().append_close(bytes, 1001, "bye");
  EXPECT_EQ(bytes, "retry: 3000\n\n:\n\nid: 7\n\nid: 8\n\ndata: {}\n\n");
  EXPECT_EQ(sse_format().content_type(), "text/event-stream");
}

}  // namespace
}  // namespace carillon::transport
