// What a well-behaved client may send (RFC 6455 sections 5.4 to 5.7), and how it is handed over.
#include "websocket/frame_reader.h"

#include <gtest/gtest.h>

#include <type_traits>

#include "websocket/testing/vectors.h"

namespace carillon::websocket {
namespace {

using namespace std::string_view_literals;
using namespace testing;

constexpr std::string_view kMaskedHello = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"sv;

TEST(FrameReader, IsSmallAndMovesWithoutThrowing) {
  EXPECT_LE(sizeof(FrameReader), 64u);
  EXPECT_TRUE(std::is_nothrow_move_constructible_v<FrameReader>);
  EXPECT_TRUE(FrameReader().at_rest());
}

TEST(FrameReader, ReadsTheMaskedHelloOfTheRfc_Rfc6455_5_7) { expect_events(kMaskedHello, {"text 5 Hello"}); }

TEST(FrameReader, ReadsAFragmentedHello_Rfc6455_5_7) {
  expect_events("\x01\x83\x37\xfa\x21\x3d\x7f\x9f\x4d\x80\x82\x37\xfa\x21\x3d\x5b\x95"sv, {"text 5 Hello"});
}

TEST(FrameReader, HandsOverThePayloadOfAPingToBeEchoed_Rfc6455_5_5_2) {
  expect_events("\x89\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"sv, {"ping Hello"});
  expect_events("\x89\x80\x00\x00\x00\x00"sv, {"ping "});
}

TEST(FrameReader, ReadsAnUnsolicitedPong_Rfc6455_5_5_3) {
  expect_events("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"sv, {"pong Hello"});
}

TEST(FrameReader, ReadsLengthsOfSevenSixteenAndSixtyFourBits_Rfc6455_5_2) {
  for (const std::size_t size : {0u, 1u, 125u, 126u, 127u, 128u, 255u, 256u}) {
    const std::string payload(size, 'x');
    expect_events(frame(Opcode::binary, payload), {"binary " + std::to_string(size) + " " + payload});
  }
  for (const std::size_t size : {65535u, 65536u, 65537u}) {
    const std::string payload(size, 'x');
    const Reading expected{{"binary " + std::to_string(size) + " " + payload}, 0};
    const ReaderLimits limits{.message_bytes_max = 70000};
    const std::string input = frame(Opcode::binary, payload);
    EXPECT_EQ(read_whole(input, limits), expected);
    EXPECT_EQ(read_bytewise(input, limits), expected);
    for (std::size_t split = 1; split < 20; ++split) EXPECT_EQ(read_split(input, split, limits), expected);
  }
}

TEST(FrameReader, ReadsEmptyMessagesAndEmptyFragments_Rfc6455_5_4) {
  expect_events(frame(Opcode::text, "") + frame(Opcode::binary, ""), {"text 0 ", "binary 0 "});
  expect_events(frame(Opcode::text, "", Fin::no) + frame(Opcode::continuation, "", Fin::no) +
                    frame(Opcode::continuation, ""),
                {"text 0 "});
  expect_events(frame(Opcode::text, "", Fin::no) + frame(Opcode::continuation, "a", Fin::no) +
                    frame(Opcode::continuation, "", Fin::no) + frame(Opcode::continuation, "b") +
                    frame(Opcode::text, "c"),
                {"text 2 ab", "text 1 c"});
}

TEST(FrameReader, ReadsControlFramesInsideAFragmentedMessage_Rfc6455_5_4) {
  expect_events(frame(Opcode::text, "one ", Fin::no) + frame(Opcode::ping, "p") + frame(Opcode::pong, "q") +
                    frame(Opcode::continuation, "two ", Fin::no) +
                    frame(Opcode::ping, std::string(125, 'r')) + frame(Opcode::continuation, "three"),
                {"ping p", "pong q", "ping " + std::string(125, 'r'), "text 13 one two three"});
}

TEST(FrameReader, ReadsACloseInsideAFragmentedMessage_Rfc6455_5_4) {
  expect_events(frame(Opcode::text, "one ", Fin::no) + frame(Opcode::close, close_body(1001)),
                {"close 1001 "});
}

TEST(FrameReader, ReadsManyMessagesOfOneBuffer) {
  std::string input;
  std::vector<std::string> events;
  for (int i = 0; i < 20; ++i) {
    input += frame(i % 2 == 0 ? Opcode::text : Opcode::binary, std::to_string(i));
    events.push_back((i % 2 == 0 ? "text " : "binary ") + std::to_string(std::to_string(i).size()) + " " +
                     std::to_string(i));
  }
  expect_events(input, events);
}

TEST(FrameReader, UnmasksWithEachFramesOwnKey_Rfc6455_5_3) {
  std::string input;
  append_masked_frame(input, Opcode::text, "first, ", {1, 2, 3, 4}, Fin::no);
  append_masked_frame(input, Opcode::continuation, "second, ", {0xFF, 0, 0xFF, 0}, Fin::no);
  append_masked_frame(input, Opcode::continuation, "third", {0, 0, 0, 0});
  expect_events(input, {"text 20 first, second, third"});
}

// The trap of unmasking an accumulated message again when its next fragment comes.
TEST(FrameReader, NeverUnmasksTwice) {
  std::string input = frame(Opcode::text, "abcdefg", Fin::no);
  for (int i = 0; i < 5; ++i) input += frame(Opcode::continuation, "hijklmn", Fin::no);
  input += frame(Opcode::continuation, "o");
  expect_events(input, {"text 43 abcdefghijklmnhijklmnhijklmnhijklmnhijklmno"});
}

TEST(FrameReader, DeliversAWholeMessageWithoutACopy) {
  std::string buffer = frame(Opcode::text, "Hello");
  Recorder recorder;
  FrameReader reader;
  const auto result = reader.feed(buffer, {}, recorder);
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.consumed, buffer.size());
  EXPECT_EQ(recorder.last_payload.data(), buffer.data() + 6);
  EXPECT_EQ(reader.buffered_bytes(), 0u);
}

TEST(FrameReader, IsAtRestBetweenMessagesAndNowhereElse) {
  const std::string input = frame(Opcode::text, "ab", Fin::no) + frame(Opcode::ping, "p") +
                            frame(Opcode::continuation, "c") + frame(Opcode::ping, "") +
                            frame(Opcode::text, "");
  const std::size_t message_end = 8 + 7 + 7;
  const std::size_t ping_end = message_end + 6;
  Feeding feeding({});
  for (std::size_t i = 0; i < input.size(); ++i) {
    feeding.feed(std::string_view(input).substr(i, 1));
    const std::size_t read = i + 1;
    const bool between = read == message_end || read == ping_end || read == input.size();
    EXPECT_EQ(!feeding.is_parked(), between) << read;
  }
}

TEST(FrameReader, HoldsNoMemoryOnceAMessageIsDelivered) {
  const std::string message = frame(Opcode::binary, std::string(50000, 'x'));
  Feeding feeding({});
  feeding.feed(message.substr(0, 40000));
  EXPECT_GE(feeding.buffered_bytes(), 39000u);
  feeding.feed(message.substr(40000) + "\x81");
  EXPECT_TRUE(feeding.is_parked());
  EXPECT_EQ(feeding.buffered_bytes(), 0u);
}

TEST(FrameReader, StopsWhereTheHandlerAsksAndLeavesTheRestAsItCame) {
  const std::string input =
      frame(Opcode::text, "one") + frame(Opcode::ping, "two") + frame(Opcode::text, "three");
  std::string buffer = input;
  Recorder recorder;
  recorder.stop_every = 1;
  FrameReader reader;
  const auto first = reader.feed(buffer, {}, recorder);
  EXPECT_EQ(first.status, ReadResult::Status::stopped);
  EXPECT_EQ(first.consumed, 9u);
  EXPECT_EQ(buffer.substr(9), input.substr(9));
  const auto second = reader.feed(std::span(buffer).subspan(9), {}, recorder);
  EXPECT_EQ(second.status, ReadResult::Status::stopped);
  EXPECT_EQ(second.consumed, 9u);
  EXPECT_EQ(buffer.substr(18), input.substr(18));
  EXPECT_EQ(reader.feed(std::span(buffer).subspan(18), {}, recorder).consumed, 11u);
  EXPECT_EQ(recorder.events, (std::vector<std::string>{"text 3 one", "ping two", "text 5 three"}));
}

TEST(FrameReader, GoesOnAfterStopsWhateverTheSplit) {
  const std::string input = frame(Opcode::text, "one", Fin::no) + frame(Opcode::ping, "two") +
                            frame(Opcode::continuation, "three") + frame(Opcode::text, "");
  for (std::size_t split = 0; split <= input.size(); ++split) {
    Feeding feeding({});
    feeding.recorder().stop_every = 1;
    feeding.feed(std::string_view(input).substr(0, split));
    feeding.feed(std::string_view(input).substr(split));
    EXPECT_EQ(feeding.reading(), (Reading{{"ping two", "text 8 onethree", "text 0 "}, 0})) << split;
  }
}

TEST(FrameReader, ReadsCloses_Rfc6455_5_5_1) {
  expect_events(frame(Opcode::close, ""), {"close -"});
  expect_events(frame(Opcode::close, close_body(1000)), {"close 1000 "});
  expect_events(frame(Opcode::close, close_body(1000, "bye")), {"close 1000 bye"});
  expect_events(frame(Opcode::close, close_body(3000, "\xC3\xA4")), {"close 3000 \xC3\xA4"});
  const std::string reason(123, 'r');
  expect_events(frame(Opcode::close, close_body(4999, reason)), {"close 4999 " + reason});
}

TEST(FrameReader, IgnoresWhateverFollowsAClose_Rfc6455_5_5_1) {
  const std::string close = frame(Opcode::close, close_body(1000));
  expect_events(close + frame(Opcode::text, "late"), {"close 1000 "});
  expect_events(close + "\xFF\xFF\xFF\xFF", {"close 1000 "});

  std::string buffer = close + "\xFF";
  Recorder recorder;
  FrameReader reader;
  EXPECT_EQ(reader.feed(buffer, {}, recorder).status, ReadResult::Status::closed);
  EXPECT_TRUE(reader.at_rest());
  EXPECT_EQ(reader.feed(buffer, {}, recorder).status, ReadResult::Status::closed);
  EXPECT_EQ(recorder.events.size(), 1u);
}

TEST(FrameReader, ReportsNothingForAnInputThatEndsInTheMiddle) {
  const std::string input = frame(Opcode::text, std::string(200, 'x'));
  for (std::size_t size = 0; size < input.size(); ++size) {
    EXPECT_EQ(read_whole(input.substr(0, size)), Reading{}) << size;
  }
}

}  // namespace
}  // namespace carillon::websocket
