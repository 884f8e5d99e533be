// The bounds of FrameReader: at limit - 1, limit, limit + 1, and at the sizes of the echo profile.
#include <gtest/gtest.h>

#include "websocket/testing/vectors.h"

namespace carillon::websocket {
namespace {

using namespace std::string_view_literals;
using namespace testing;

constexpr std::uint64_t kWithoutLimit = ~std::uint64_t{0};

std::string text_event(std::size_t size) {
  return "text " + std::to_string(size) + " " + std::string(size, 'x');
}

TEST(FrameReaderLimits, AMessageAtTheLimitPassesAndOneByteMoreIs1009) {
  const ReaderLimits limits{.message_bytes_max = 200};
  expect_events(frame(Opcode::text, std::string(199, 'x')), {text_event(199)}, limits);
  expect_events(frame(Opcode::text, std::string(200, 'x')), {text_event(200)}, limits);
  expect_fault(frame(Opcode::text, std::string(201, 'x')), CloseCode::message_too_big, limits);
}

TEST(FrameReaderLimits, AFragmentedMessageIsMeasuredAsAWhole) {
  const ReaderLimits limits{.message_bytes_max = 200};
  const std::string begin =
      frame(Opcode::text, std::string(150, 'x'), Fin::no) + frame(Opcode::ping, "not counted");
  for (const std::size_t rest : {49u, 50u}) {
    expect_events(begin + frame(Opcode::continuation, std::string(rest, 'x')),
                  {"ping not counted", text_event(150 + rest)}, limits);
  }
  expect_reading(begin + frame(Opcode::continuation, std::string(51, 'x')), {{"ping not counted"}, 1009},
                 limits);
}

TEST(FrameReaderLimits, SizeIsJudgedFromTheHeaderAlone) {
  const ReaderLimits limits{.message_bytes_max = 512};
  EXPECT_EQ(read_whole("\x81\xfe\x02\x00"sv, limits).fault, 0);
  EXPECT_EQ(read_whole("\x81\xfe\x02\x01"sv, limits).fault, 1009);
  EXPECT_EQ(read_whole("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff"sv, limits).fault, 1009);
}

TEST(FrameReaderLimits, ItsReasonIsMessageTooLarge) {
  std::string buffer = "\x81\xfe\x02\x01";
  buffer[2] = 2;
  Recorder recorder;
  FrameReader reader;
  const auto result = reader.feed(buffer, {.message_bytes_max = 512}, recorder);
  EXPECT_EQ(result.fault.code, CloseCode::message_too_big);
  EXPECT_EQ(result.fault.reason, "Message too large");
}

TEST(FrameReaderLimits, AMessageOfNothingIsTheSmallestLimit) {
  const ReaderLimits limits{.message_bytes_max = 0};
  expect_events(frame(Opcode::text, ""), {"text 0 "}, limits);
  expect_fault(frame(Opcode::text, "x"), CloseCode::message_too_big, limits);
}

std::string fragmented(std::size_t fragments) {
  if (fragments == 1) return frame(Opcode::text, "x");
  std::string input = frame(Opcode::text, "x", Fin::no);
  for (std::size_t i = 2; i < fragments; ++i) input += frame(Opcode::continuation, "x", Fin::no);
  return input + frame(Opcode::continuation, "x");
}

TEST(FrameReaderLimits, FragmentsAtTheLimitPassAndOneMoreIs1009) {
  const ReaderLimits limits{.fragments_max = 10};
  expect_events(fragmented(9), {text_event(9)}, limits);
  expect_events(fragmented(10), {text_event(10)}, limits);
  expect_fault(fragmented(11), CloseCode::message_too_big, limits);
}

TEST(FrameReaderLimits, OneFragmentIsAWholeMessage) {
  const ReaderLimits limits{.fragments_max = 1};
  expect_events(fragmented(1) + fragmented(1), {text_event(1), text_event(1)}, limits);
  expect_fault(fragmented(2), CloseCode::message_too_big, limits);
}

TEST(FrameReaderLimits, ControlFramesAreNoFragments) {
  const ReaderLimits limits{.fragments_max = 2};
  std::string input = frame(Opcode::text, "x", Fin::no);
  for (int i = 0; i < 50; ++i) input += frame(Opcode::ping, "");
  Reading expected{std::vector<std::string>(50, "ping "), 0};
  expected.events.push_back(text_event(2));
  expect_reading(input + frame(Opcode::continuation, "x"), expected, limits);
}

TEST(FrameReaderLimits, AFeedReadsItsMostFramesAndLeavesTheNextAsItCame) {
  const std::string input =
      frame(Opcode::text, "ab", Fin::no) + frame(Opcode::ping, "p") + frame(Opcode::continuation, "c");
  for (const std::uint32_t most : {1U, 2U, 3U, 4U}) {
    const ReaderLimits limits{.frames_per_feed_max = most};
    Recorder recorder;
    FrameReader reader;
    std::string bytes = input;
    std::span<char> rest(bytes);
    int feeds = 0;
    while (!rest.empty()) {
      const ReadResult result = reader.feed(rest, limits, recorder);
      ASSERT_GT(result.consumed, 0U);
      ++feeds;
      rest = rest.subspan(result.consumed);
      EXPECT_EQ(result.status, rest.empty() ? ReadResult::Status::ok : ReadResult::Status::stopped);
    }
    EXPECT_EQ(feeds, static_cast<int>((3 + most - 1) / most));
    EXPECT_EQ(recorder.events.size(), 2U);
  }
}

TEST(FrameReaderLimits, EndlessEmptyFragmentsEnd) {
  std::string input = frame(Opcode::text, "", Fin::no);
  for (int i = 0; i < 1023; ++i) input += frame(Opcode::continuation, "", Fin::no);
  EXPECT_EQ(read_whole(input).fault, 0);
  EXPECT_EQ(read_whole(input + frame(Opcode::continuation, "")).fault, 1009);
}

// 64 MiB declared, 100 bytes sent.
TEST(FrameReaderLimits, BuffersGrowByBytesReceivedNotDeclared) {
  const ReaderLimits limits{.message_bytes_max = 64 * 1024 * 1024};
  Feeding feeding(limits);
  feeding.feed("\x82\xff\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00"sv);
  EXPECT_EQ(feeding.buffered_bytes(), 0u);
  std::size_t received = 0;
  for (int i = 0; i < 1000; ++i) {
    feeding.feed(std::string(100, 'x'));
    received += 100;
    EXPECT_LE(feeding.buffered_bytes(), 2 * received);
  }
}

TEST(FrameReaderLimits, ALargeFrameNeedsNoMoreThanItsSize) {
  const std::string input = frame(Opcode::binary, std::string(100000, 'x'));
  Feeding feeding({.message_bytes_max = 100000});
  feeding.feed(input.substr(0, 60000));
  feeding.feed(input.substr(60000, 30000));
  EXPECT_EQ(feeding.buffered_bytes(), 100000u);
}

// Pings cut in two must not have the message copied each time (quadratic work for the asking).
TEST(FrameReaderLimits, CutPingsGrowTheBufferByDoublingOnly) {
  const ReaderLimits limits{.message_bytes_max = 1 << 20, .fragments_max = 100000};
  Feeding feeding(limits);
  feeding.feed(frame(Opcode::binary, std::string(1000, 'x'), Fin::no));
  const std::string ping = frame(Opcode::ping, std::string(125, 'p'));
  int growths = 0;
  std::size_t capacity = feeding.buffered_bytes();
  for (int i = 0; i < 5000; ++i) {
    feeding.feed(ping.substr(0, 60));
    feeding.feed(ping.substr(60));
    feeding.feed(frame(Opcode::continuation, "xx", Fin::no));
    growths += feeding.buffered_bytes() != capacity ? 1 : 0;
    capacity = feeding.buffered_bytes();
  }
  EXPECT_LE(growths, 6);
}

TEST(FrameReaderLimits, MessagesOf16MiBWork_Echo) {
  const ReaderLimits limits{.message_bytes_max = 16777216, .fragments_max = 262144};
  const std::string payload(16777216, 'x');
  const std::string input = frame(Opcode::text, payload);
  Feeding feeding(limits);
  for (std::size_t at = 0; at < input.size(); at += 65536)
    feeding.feed(std::string_view(input).substr(at, 65536));
  ASSERT_EQ(feeding.reading().events.size(), 1u);
  EXPECT_EQ(feeding.reading().events[0], "text 16777216 " + payload);
  EXPECT_EQ(read_whole(frame(Opcode::binary, payload + "x").substr(0, 10), limits).fault, 1009);
}

TEST(FrameReaderLimits, MessagesOf262144FragmentsWork_Echo) {
  const ReaderLimits limits{.message_bytes_max = 16777216, .fragments_max = 262144};
  std::string input = frame(Opcode::text, std::string(64, 'x'), Fin::no);
  const std::string middle = frame(Opcode::continuation, std::string(64, 'x'), Fin::no);
  input.reserve(262144 * middle.size());
  for (int i = 2; i < 262144; ++i) input += middle;
  Feeding feeding(limits);
  for (std::size_t at = 0; at < input.size(); at += 16384)
    feeding.feed(std::string_view(input).substr(at, 16384));
  feeding.feed(frame(Opcode::continuation, std::string(64, 'x')));
  ASSERT_EQ(feeding.reading().fault, 0);
  ASSERT_EQ(feeding.reading().events.size(), 1u);
  EXPECT_EQ(feeding.reading().events[0], text_event(16777216));
}

// --- Payload::discard ---

TEST(FrameReaderDiscard, ReportsEachMessageWithoutItsPayload) {
  const ReaderLimits limits{.message_bytes_max = kWithoutLimit, .payload = Payload::discard};
  expect_events(frame(Opcode::text, "Hello") + frame(Opcode::binary, "abc", Fin::no) +
                    frame(Opcode::ping, "p") + frame(Opcode::continuation, "defg"),
                {"text 5 ", "ping p", "binary 7 "}, limits);
}

TEST(FrameReaderDiscard, HoldsNothingWhateverTheSize) {
  const ReaderLimits limits{.message_bytes_max = kWithoutLimit, .payload = Payload::discard};
  Feeding feeding(limits);
  feeding.feed("\x81\xff\x00\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00"sv);  // 256 MiB of text
  const std::string piece(65536, 'x');
  for (int i = 0; i < 4096; ++i) {
    ASSERT_EQ(feeding.reading().events.size(), 0u);
    feeding.feed(piece);
    ASSERT_EQ(feeding.buffered_bytes(), 0u);
  }
  EXPECT_EQ(feeding.reading(), (Reading{{"text 268435456 "}, 0}));
}

TEST(FrameReaderDiscard, CutPingsInsideAMessageAreHeldAndLetGo) {
  const ReaderLimits limits{.message_bytes_max = kWithoutLimit, .payload = Payload::discard};
  const std::string ping = frame(Opcode::ping, "ping");
  Feeding feeding(limits);
  feeding.feed(frame(Opcode::text, "abc", Fin::no) + ping.substr(0, 8));
  EXPECT_GT(feeding.buffered_bytes(), 0u);
  feeding.feed(ping.substr(8));
  EXPECT_EQ(feeding.buffered_bytes(), 0u);
  EXPECT_EQ(feeding.reading().events, (std::vector<std::string>{"ping ping"}));
}

TEST(FrameReaderDiscard, Over512BytesIs1009) {
  const ReaderLimits limits{.message_bytes_max = 512, .payload = Payload::discard};
  expect_events(frame(Opcode::text, std::string(511, 'x')), {"text 511 "}, limits);
  expect_events(frame(Opcode::text, std::string(512, 'x')), {"text 512 "}, limits);
  expect_fault(frame(Opcode::text, std::string(513, 'x')), CloseCode::message_too_big, limits);
}

TEST(FrameReaderDiscard, TextIsStillUtf8) {
  const ReaderLimits limits{.message_bytes_max = kWithoutLimit, .payload = Payload::discard};
  expect_fault(frame(Opcode::text, "ab\xFF"), CloseCode::invalid_payload, limits);
  expect_fault(frame(Opcode::text, "ab\xC3"), CloseCode::invalid_payload, limits);
  expect_fault(frame(Opcode::text, "ab\xC3", Fin::no) + frame(Opcode::continuation, "x"),
               CloseCode::invalid_payload, limits);
  expect_events(frame(Opcode::text, "ab\xC3", Fin::no) + frame(Opcode::continuation, "\xA4"), {"text 4 "},
                limits);
}

}  // namespace
}  // namespace carillon::websocket
