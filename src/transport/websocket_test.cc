// Events as WebSocket messages, plain and compressed.
#include "transport/websocket.h"

#include <gtest/gtest.h>

namespace carillon::transport {
namespace {

std::string plain(std::string_view body) {
  const EventEncoder& encoder = websocket_encoder();
  std::string bytes(encoder.size_of({body}), '?');
  const std::size_t at = encoder.write(bytes.data(), {body});
  EXPECT_EQ(std::string_view(bytes).substr(at, body.size()), body);
  EXPECT_EQ(at + body.size(), bytes.size());
  return bytes;
}

// RFC 6455 section 5.2: the length takes 7 bits, 2 bytes or 8 bytes.
TEST(WebSocketEncoder, TheHeaderHasTheShortestFormOfTheLength) {
  struct Row {
    std::size_t size;
    std::string header;
  };
  const Row rows[] = {{0, std::string("\x81\x00", 2)},
                      {125, "\x81\x7d"},
                      {126, std::string("\x81\x7e\x00\x7e", 4)},
                      {65'535, "\x81\x7e\xff\xff"},
                      {65'536, std::string("\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10)}};
  for (const Row& row : rows) {
    const std::string body(row.size, 'x');
    EXPECT_EQ(plain(body), row.header + body);
  }
}

TEST(WebSocketFormat, WhatIsNoEvent) {
  std::string bytes;
  websocket_format().append_retry(bytes, milliseconds(3000));
  EXPECT_EQ(bytes, "");
  websocket_format().append_heartbeat(bytes, "7");
  websocket_format().append_position(bytes, "7");
  websocket_format().append_message(bytes, "{}");
  websocket_format().append_close(bytes, 1001, "bye");
  EXPECT_EQ(bytes, std::string("\x89\x00\x81\x02{}\x88\x05\x03\xe9"
                               "bye",
                               13));
}

TEST(WebSocketCompressor, WhatCompressesIsOneFrameWithRsv1) {
  WebSocketCompressor compressor;
  const std::string body(3000, 'x');
  std::string bytes = "before";
  ASSERT_TRUE(compressor.try_append(bytes, body));
  ASSERT_EQ(bytes.substr(0, 6), "before");
  EXPECT_EQ(bytes[6], '\xc1');
  EXPECT_LT(bytes.size(), 100U);
  websocket::Inflater inflater;
  const auto inflated = inflater.inflate(std::string_view(bytes).substr(8), body.size());
  ASSERT_TRUE(inflated);
  EXPECT_EQ(*inflated, body);
}

TEST(WebSocketCompressor, WhatDoesNotCompressAppendsNothing) {
  WebSocketCompressor compressor;
  std::string bytes = "before";
  EXPECT_FALSE(compressor.try_append(bytes, "ab"));
  EXPECT_EQ(bytes, "before");
}

}  // namespace
}  // namespace carillon::transport
