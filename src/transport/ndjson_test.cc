// Events as newline-delimited JSON, byte for byte.
#include "transport/ndjson.h"

#include <gtest/gtest.h>

#include <string>

namespace carillon::transport {
namespace {

TEST(NdjsonFormat, AnEventIsOneLineWhateverItsBlanks) {
  const EventEncoder& encoder = ndjson_format().encoder();
  const std::string body = "{\r\n \"a\":\n1}";
  std::string bytes(encoder.size_of({body, "7"}), '?');
  EXPECT_EQ(encoder.write(bytes.data(), {body, "7"}), 0U);
  EXPECT_EQ(bytes, "{   \"a\": 1}\n");
}

TEST(NdjsonFormat, WhatIsNoEvent) {
  std::string bytes;
  ndjson_format().append_retry(bytes, milliseconds(3000));
  ndjson_format().append_heartbeat(bytes, "7");
  ndjson_format().append_position(bytes, "7");
  ndjson_format().append_message(bytes, "{}");
  ndjson_format().append_close(bytes, 1001, "bye");
  EXPECT_EQ(bytes, "\n{}\n");
  EXPECT_EQ(ndjson_format().content_type(), "application/x-ndjson");
}

}  // namespace
}  // namespace carillon::transport
