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

TEST(SseRecord, IdAndTypeStandBeforeTheData) {
  EXPECT_EQ(record_of({.id = "7f", .event = "gap", .data = "x"}), "id: 7f\nevent: gap\ndata: x\n\n");
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

TEST(SseFormat, TheEncoderWritesTheRecordOfABody) {
  const EventEncoder& encoder = sse_format().encoder();
  const std::string body = "{\"a\":\n1}";
  std::string bytes(encoder.size_of(body), '?');
  EXPECT_EQ(encoder.write(bytes.data(), body), 0U);
  EXPECT_EQ(bytes, "data: {\"a\":\ndata: 1}\n\n");
}

TEST(SseFormat, WhatIsNoEvent) {
  std::string bytes;
  sse_format().append_retry(bytes, milliseconds(3000));
  sse_format().append_heartbeat(bytes);
  sse_format().append_message(bytes, "{}");
  sse_format().append_close(bytes, 1001, "bye");
  EXPECT_EQ(bytes, "retry: 3000\n\n:\n\ndata: {}\n\n");
  EXPECT_EQ(sse_format().content_type(), "text/event-stream");
}

}  // namespace
}  // namespace carillon::transport
