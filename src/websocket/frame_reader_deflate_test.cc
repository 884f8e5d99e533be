// Compressed messages (RFC 7692 sections 6 and 7.2) through FrameReader.
#include <gtest/gtest.h>

#include "base/testing/allocation_ceiling.h"
#include "websocket/testing/vectors.h"

namespace carillon::websocket {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using namespace testing;

constexpr ReaderLimits kNegotiated{.compression = Compression::negotiated};
constexpr std::string_view kHello = "\xf2\x48\xcd\xc9\xc9\x07\x00"sv;  // section 7.2.3.1

std::string deflated(std::string_view message) {
  Deflater deflater;
  std::string out;
  EXPECT_TRUE(deflater.try_append_deflated(out, message));
  return out;
}

TEST(FrameReaderDeflate, ReadsTheRfcsOneBlock_Rfc7692_7_2_3_1) {
  expect_events(frame(Opcode::text, kHello, Fin::yes, Rsv1::set), {"text 5 Hello"}, kNegotiated);
  expect_events(frame(Opcode::text, kHello.substr(0, 3), Fin::no, Rsv1::set) +
                    frame(Opcode::continuation, kHello.substr(3)),
                {"text 5 Hello"}, kNegotiated);
}

TEST(FrameReaderDeflate, ReadsAStoredBlock_Rfc7692_7_2_3_3) {
  expect_events(frame(Opcode::text, "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"sv, Fin::yes, Rsv1::set),
                {"text 5 Hello"}, kNegotiated);
}

TEST(FrameReaderDeflate, ReadsABlockWithBfinal_Rfc7692_7_2_3_4) {
  expect_events(frame(Opcode::text, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"sv, Fin::yes, Rsv1::set),
                {"text 5 Hello"}, kNegotiated);
}

TEST(FrameReaderDeflate, ReadsTwoBlocksInOneMessage_Rfc7692_7_2_3_5) {
  expect_events(
      frame(Opcode::text, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"sv, Fin::yes, Rsv1::set),
      {"text 5 Hello"}, kNegotiated);
}

TEST(FrameReaderDeflate, ReadsAnEmptyMessage_Rfc7692_7_2_3_6) {
  expect_events(
      frame(Opcode::text, "\x00"sv, Fin::yes, Rsv1::set) + frame(Opcode::binary, "", Fin::yes, Rsv1::set),
      {"text 0 ", "binary 0 "}, kNegotiated);
}

TEST(FrameReaderDeflate, CompressedAndPlainMessagesMix_Rfc7692_6) {
  expect_events(frame(Opcode::text, "plain") + frame(Opcode::text, kHello, Fin::yes, Rsv1::set) +
                    frame(Opcode::binary, "a", Fin::no) + frame(Opcode::ping, "p") +
                    frame(Opcode::continuation, "b") + frame(Opcode::binary, kHello, Fin::yes, Rsv1::set),
                {"text 5 plain", "text 5 Hello", "ping p", "binary 2 ab", "binary 5 Hello"}, kNegotiated);
}

TEST(FrameReaderDeflate, EachMessageIsAStreamOfItsOwn_Rfc7692_7_1_1_2) {
  const std::string hello = frame(Opcode::text, kHello, Fin::yes, Rsv1::set);
  // With context takeover the second Hello could be f2 00 11 00 00: a reference into the first.
  expect_reading(hello + frame(Opcode::text, "\xf2\x00\x11\x00\x00"sv, Fin::yes, Rsv1::set),
                 {{"text 5 Hello"}, 1007}, kNegotiated);
}

TEST(FrameReaderDeflateFault, Rsv1WithoutNegotiation_Rfc6455_5_2) {
  expect_fault(frame(Opcode::text, kHello, Fin::yes, Rsv1::set), CloseCode::protocol_error);
}

TEST(FrameReaderDeflateFault, Rsv1OnAContinuation_Rfc7692_6_1) {
  expect_fault(frame(Opcode::text, kHello.substr(0, 3), Fin::no, Rsv1::set) +
                   frame(Opcode::continuation, kHello.substr(3), Fin::yes, Rsv1::set),
               CloseCode::protocol_error, kNegotiated);
  expect_fault(frame(Opcode::text, "a", Fin::no) + frame(Opcode::continuation, "b", Fin::yes, Rsv1::set),
               CloseCode::protocol_error, kNegotiated);
}

TEST(FrameReaderDeflateFault, Rsv1OnAControlFrame_Rfc7692_6_1) {
  for (const Opcode opcode : {Opcode::close, Opcode::ping, Opcode::pong}) {
    expect_fault(frame(opcode, "", Fin::yes, Rsv1::set), CloseCode::protocol_error, kNegotiated);
  }
}

TEST(FrameReaderDeflateFault, TheOtherReservedBits_Rfc6455_5_2) {
  for (const char bits : {'\x10', '\x20', '\x60'}) {
    std::string input = frame(Opcode::text, "");
    input[0] = static_cast<char>(input[0] | bits);
    expect_fault(input, CloseCode::protocol_error, kNegotiated);
  }
}

TEST(FrameReaderDeflateFault, ACorruptStreamIs1007) {
  expect_fault(frame(Opcode::binary, "\x07\x00"sv, Fin::yes, Rsv1::set), CloseCode::invalid_payload,
               kNegotiated);
  expect_fault(frame(Opcode::binary, "\xFF\xFF\xFF"sv, Fin::yes, Rsv1::set), CloseCode::invalid_payload,
               kNegotiated);
}

TEST(FrameReaderDeflateFault, ATruncatedStreamIs1007) {
  const std::string whole = deflated(std::string(300, 'x') + "yz" + std::string(300, 'w'));
  for (std::size_t size = 1; size + 1 < whole.size(); ++size) {
    const auto reading =
        read_whole(frame(Opcode::binary, whole.substr(0, size), Fin::yes, Rsv1::set), kNegotiated);
    EXPECT_EQ(reading, (Reading{{}, 1007})) << size;
  }
}

TEST(FrameReaderDeflateFault, TextIsCheckedAfterInflating_Rfc6455_8_1) {
  const std::string bad = std::string(100, 'x') + "\xC3";
  expect_fault(frame(Opcode::text, deflated(bad), Fin::yes, Rsv1::set), CloseCode::invalid_payload,
               kNegotiated);
  expect_events(frame(Opcode::binary, deflated(bad), Fin::yes, Rsv1::set), {"binary 101 " + bad},
                kNegotiated);
  // The compressed bytes themselves are no text.
  expect_events(frame(Opcode::text, kHello, Fin::yes, Rsv1::set), {"text 5 Hello"}, kNegotiated);
}

TEST(FrameReaderDeflateLimits, TheLimitIsOfTheInflatedMessage) {
  const ReaderLimits limits{.message_bytes_max = 1000, .compression = Compression::negotiated};
  for (const std::size_t size : {999u, 1000u}) {
    expect_events(frame(Opcode::text, deflated(std::string(size, 'x')), Fin::yes, Rsv1::set),
                  {"text " + std::to_string(size) + " " + std::string(size, 'x')}, limits);
  }
  expect_fault(frame(Opcode::text, deflated(std::string(1001, 'x')), Fin::yes, Rsv1::set),
               CloseCode::message_too_big, limits);
}

TEST(FrameReaderDeflateLimits, CompressedBytesMayExceedTheLimitByAnEighthAnd1KiB) {
  const ReaderLimits limits{.message_bytes_max = 800, .compression = Compression::negotiated};
  const auto header = [](unsigned size) { return "\xC2\xFE"s + close_body(size); };
  EXPECT_EQ(read_whole(header(800 + 100 + 1024), limits).fault, 0);
  EXPECT_EQ(read_whole(header(800 + 100 + 1025), limits).fault, 1009);
  // A plain message gets no such allowance on the same connection.
  EXPECT_EQ(read_whole("\x82\xFE"s + close_body(801), limits).fault, 1009);
}

TEST(FrameReaderDeflateLimits, ABombStopsAtTheLimit) {
  const ReaderLimits limits{.message_bytes_max = 65536, .compression = Compression::negotiated};
  const std::string bomb = deflated(std::string(32 * 1024 * 1024, '\0'));
  ASSERT_LT(bomb.size(), 65536u);
  EXPECT_EQ(read_whole(frame(Opcode::binary, bomb, Fin::yes, Rsv1::set), limits).fault, 1009);
}

TEST(FrameReaderDeflateLimits, CompressedMessagesOf16MiBWork_Echo) {
  const ReaderLimits limits{
      .message_bytes_max = 16777216, .fragments_max = 262144, .compression = Compression::negotiated};
  const std::string payload(16777216, 'x');
  const std::string input = frame(Opcode::text, deflated(payload), Fin::yes, Rsv1::set);
  EXPECT_EQ(read_whole(input, limits).events, (std::vector<std::string>{"text 16777216 " + payload}));
  EXPECT_EQ(read_whole(frame(Opcode::text, deflated(payload + "x"), Fin::yes, Rsv1::set), limits).fault,
            1009);
}

TEST(FrameReaderDeflateDiscard, SmallLimitsAreHeldToTheInflatedSize) {
  const ReaderLimits limits{
      .message_bytes_max = 512, .payload = Payload::discard, .compression = Compression::negotiated};
  expect_events(frame(Opcode::text, deflated(std::string(511, 'x')), Fin::yes, Rsv1::set), {"text 511 "},
                limits);
  expect_events(frame(Opcode::text, deflated(std::string(512, 'x')), Fin::yes, Rsv1::set), {"text 512 "},
                limits);
  expect_fault(frame(Opcode::text, deflated(std::string(513, 'x')), Fin::yes, Rsv1::set),
               CloseCode::message_too_big, limits);
  expect_fault(frame(Opcode::text, deflated(std::string(99, 'x') + "\xFF"), Fin::yes, Rsv1::set),
               CloseCode::invalid_payload, limits);
}

TEST(FrameReaderDeflateDiscard, AboveThatNothingIsHeldAndTheWireSizeCounts) {
  const ReaderLimits limits{.message_bytes_max = kDiscardInflateBytesMax + 1,
                            .payload = Payload::discard,
                            .compression = Compression::negotiated};
  const std::string payload = deflated(std::string(500, 'x') + "\xFF");
  const std::string input = frame(Opcode::text, payload, Fin::yes, Rsv1::set);
  expect_events(input, {"text " + std::to_string(payload.size()) + " "}, limits);
  Feeding feeding(limits);
  feeding.feed(input.substr(0, input.size() - 1));
  EXPECT_EQ(feeding.buffered_bytes(), 0u);
}

// A bomb is stopped at the cap, and what it had become by then is not kept for the next message.
TEST(FrameReaderDeflate, ABombLeavesNoMemoryBehind) {
  const ReaderLimits limits{.message_bytes_max = 1'000'000, .compression = Compression::negotiated};
  const std::string not_utf8(900'000, '\xff');
  for (const std::string& message : {std::string(1'000'001, 'a'), std::string(999'999, 'a'), not_utf8}) {
    Inflater inflater;
    FrameReader reader;
    Recorder recorder;
    std::string bytes = frame(Opcode::text, deflated(message), Fin::yes, Rsv1::set);
    const auto result = reader.feed({bytes.data(), bytes.size()}, limits, recorder, &inflater);
    EXPECT_EQ(result.ok(), message.size() == 999'999);
    EXPECT_LE(inflater.buffered_bytes(), 64U * 1024);
  }
}

TEST(FrameReaderDeflate, AMessageWithoutMemoryToInflateItEndsWith1013) {
  const carillon::testing::AllocationCeiling ceiling(10'000);
  const std::string message(50'000, 'a');
  std::string compressed;
  Deflater deflater;
  {
    const carillon::testing::AllocationCeiling enough(1'000'000);
    ASSERT_TRUE(deflater.try_append_deflated(compressed, message));
  }
  const std::string bytes = frame(Opcode::text, compressed, Fin::yes, Rsv1::set);
  EXPECT_EQ(read_whole(bytes, kNegotiated).fault, 1013);
  EXPECT_EQ(read_bytewise(bytes, kNegotiated).fault, 1013);
}

TEST(FrameReaderDeflate, AFragmentedMessageWithoutMemoryForItEndsWith1013) {
  const carillon::testing::AllocationCeiling ceiling(10'000);
  const std::string part(6'000, 'a');
  const std::string bytes = frame(Opcode::text, part, Fin::no) + frame(Opcode::continuation, part);
  EXPECT_EQ(read_whole(bytes).fault, 1013);
  EXPECT_EQ(read_bytewise(bytes).fault, 1013);
}

}  // namespace
}  // namespace carillon::websocket
