#include "websocket/frame_writer.h"

#include <gtest/gtest.h>

#include "base/utf8.h"
#include "websocket/testing/recorder.h"

namespace carillon::websocket {
namespace {

using namespace std::string_literals;

std::string server_frame(Opcode opcode, std::string_view payload, Rsv1 rsv1 = Rsv1::clear) {
  std::string out;
  append_frame(out, opcode, payload, rsv1);
  return out;
}

std::string close_frame(std::optional<std::uint16_t> code, std::string_view reason = {}) {
  std::string out;
  append_close(out, code, reason);
  return out;
}

TEST(FrameWriter, WritesTheUnmaskedHelloOfTheRfc_Rfc6455_5_7) {
  EXPECT_EQ(server_frame(Opcode::text, "Hello"), "\x81\x05Hello"s);
  EXPECT_EQ(server_frame(Opcode::ping, "Hello"), "\x89\x05Hello"s);
  EXPECT_EQ(server_frame(Opcode::pong, "Hello"), "\x8A\x05Hello"s);
}

TEST(FrameWriter, WritesCompressedMessagesWithRsv1_Rfc7692_7_2_3_1) {
  EXPECT_EQ(server_frame(Opcode::text, "\xf2\x48\xcd\xc9\xc9\x07\x00"s, Rsv1::set),
            "\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"s);
}

TEST(FrameWriter, WritesTheShortestLength_Rfc6455_5_2) {
  const auto header = [](std::size_t size) {
    const std::string frame = server_frame(Opcode::binary, std::string(size, 'x'));
    EXPECT_EQ(frame.size(), server_header_size(size) + size);
    return frame.substr(0, server_header_size(size));
  };
  EXPECT_EQ(header(0), "\x82\x00"s);
  EXPECT_EQ(header(125), "\x82\x7D"s);
  EXPECT_EQ(header(126), "\x82\x7E\x00\x7E"s);
  EXPECT_EQ(header(65535), "\x82\x7E\xFF\xFF"s);
  EXPECT_EQ(header(65536), "\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00"s);
  char out[kServerHeaderBytesMax];
  EXPECT_EQ(write_header(out, Opcode::text, 0x0102030405060708), 10u);
  EXPECT_EQ(std::string(out, 10), "\x81\x7F\x01\x02\x03\x04\x05\x06\x07\x08"s);
}

// Section 5.1: a server must not mask.
TEST(FrameWriter, NeverMasksAServersFrame_Rfc6455_5_1) {
  for (const std::size_t size : {0u, 125u, 126u, 65535u, 65536u}) {
    EXPECT_EQ(server_frame(Opcode::text, std::string(size, 'x'))[1] & 0x80, 0);
  }
  EXPECT_EQ(close_frame(1000)[1] & 0x80, 0);
}

TEST(FrameWriter, WritesCloses_Rfc6455_5_5_1) {
  EXPECT_EQ(close_frame(std::nullopt), "\x88\x00"s);
  EXPECT_EQ(close_frame(std::nullopt, "a reason needs a code"), "\x88\x00"s);
  EXPECT_EQ(close_frame(1000), "\x88\x02\x03\xE8"s);
  EXPECT_EQ(close_frame(1008, "Slow consumer"), "\x88\x0F\x03\xF0Slow consumer"s);
  std::string out;
  append_close(out, CloseCode::going_away);
  EXPECT_EQ(out, "\x88\x02\x03\xE9"s);
}

TEST(FrameWriter, CutsACloseReasonAt123Bytes_Rfc6455_5_5) {
  EXPECT_EQ(close_frame(1000, std::string(122, 'r')).size(), 2u + 2 + 122);
  EXPECT_EQ(close_frame(1000, std::string(123, 'r')).size(), 2u + 2 + 123);
  EXPECT_EQ(close_frame(1000, std::string(124, 'r')).size(), 2u + 2 + 123);
  EXPECT_EQ(close_frame(1000, std::string(5000, 'r')).size(), 2u + 2 + 123);
}

TEST(FrameWriter, CutsACloseReasonBetweenCharacters_Rfc6455_5_5_1) {
  for (std::size_t before = 118; before <= 123; ++before) {
    const std::string frame =
        close_frame(1000, std::string(before, 'r') + "\xF0\x9F\x94\x94\xF0\x9F\x94\x94");
    EXPECT_TRUE(is_valid_utf8(std::string_view(frame).substr(4))) << before;
    EXPECT_EQ(frame.size(), 4 + before + (before <= 119 ? 4 : 0)) << before;
    EXPECT_EQ(static_cast<std::size_t>(frame[1]), frame.size() - 2);
  }
}

TEST(FrameWriterDeathTest, ACloseCodeThatMayNotBeSentIsABug) {
  std::string out;
  EXPECT_DEATH(append_close(out, 1005), "assertion");
  EXPECT_DEATH(append_frame(out, Opcode::ping, std::string(126, 'x')), "assertion");
}

TEST(FrameWriter, WritesTheMaskedHelloOfTheRfc_Rfc6455_5_7) {
  std::string out;
  append_masked_frame(out, Opcode::text, "Hello", {0x37, 0xFA, 0x21, 0x3D});
  EXPECT_EQ(out, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s);
}

TEST(FrameWriter, WhatAClientWritesTheServerReads) {
  for (const std::size_t size : {0u, 1u, 125u, 126u, 65535u, 65536u, 100000u}) {
    std::string out;
    const std::string payload(size, 'x');
    append_masked_frame(out, Opcode::binary, payload, {9, 8, 7, 6});
    EXPECT_EQ(out.size(), client_header_size(size) + size);
    EXPECT_EQ(testing::read_whole(out, {.message_bytes_max = 100000}).events,
              (std::vector<std::string>{"binary " + std::to_string(size) + " " + payload}));
  }
}

}  // namespace
}  // namespace carillon::websocket
