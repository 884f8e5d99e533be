// What a client must not send: each rule of RFC 6455 that a server has to hold a client to, by section.
#include <gtest/gtest.h>

#include "websocket/testing/vectors.h"

namespace carillon::websocket {
namespace {

using namespace std::string_view_literals;
using namespace testing;

TEST(FrameReaderFault, AnUnmaskedFrame_Rfc6455_5_1) {
  expect_fault("\x81\x05Hello"sv, CloseCode::protocol_error);
  expect_fault("\x89\x00"sv, CloseCode::protocol_error);
  expect_fault("\x88\x02\x03\xe8"sv, CloseCode::protocol_error);
}

TEST(FrameReaderFault, AnUnmaskedFrameAfterMaskedOnes_Rfc6455_5_1) {
  expect_reading(frame(Opcode::text, "a") + "\x81\x01z", {{"text 1 a"}, 1002});
  expect_fault(frame(Opcode::text, "a", Fin::no) + "\x80\x01z", CloseCode::protocol_error);
}

TEST(FrameReaderFault, AReservedBitOnAnyFrame_Rfc6455_5_2) {
  for (const Opcode opcode : {Opcode::text, Opcode::binary, Opcode::close, Opcode::ping, Opcode::pong}) {
    for (const char bits : {'\x10', '\x20', '\x30', '\x40', '\x50', '\x60', '\x70'}) {
      std::string input = frame(opcode, "");
      input[0] = static_cast<char>(input[0] | bits);
      expect_fault(input, CloseCode::protocol_error);
    }
  }
}

TEST(FrameReaderFault, AReservedOpcode_Rfc6455_5_2) {
  for (const int opcode : {0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF}) {
    expect_fault(frame(static_cast<Opcode>(opcode), ""), CloseCode::protocol_error);
    expect_fault(frame(static_cast<Opcode>(opcode), "", Fin::no), CloseCode::protocol_error);
    expect_fault(frame(Opcode::text, "a", Fin::no) + frame(static_cast<Opcode>(opcode), ""),
                 CloseCode::protocol_error);
  }
}

TEST(FrameReaderFault, ALengthThatIsNotMinimal_Rfc6455_5_2) {
  expect_fault("\x82\xfe\x00\x00\x00\x00\x00\x00"sv, CloseCode::protocol_error);
  expect_fault("\x82\xfe\x00\x7d\x00\x00\x00\x00"sv, CloseCode::protocol_error);
  expect_fault("\x82\xff\x00\x00\x00\x00\x00\x00\x00\x7d\x00\x00\x00\x00"sv, CloseCode::protocol_error);
  expect_fault("\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x00\x00"sv, CloseCode::protocol_error);
}

TEST(FrameReaderFault, ALengthWithItsTopBitSet_Rfc6455_5_2) {
  const ReaderLimits unlimited{.message_bytes_max = ~std::uint64_t{0}, .payload = Payload::discard};
  expect_fault("\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00"sv, CloseCode::protocol_error);
  expect_fault("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff"sv, CloseCode::protocol_error, unlimited);
  EXPECT_EQ(read_whole("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff"sv, unlimited).fault, 0);
}

TEST(FrameReaderFault, AFragmentedControlFrame_Rfc6455_5_5) {
  for (const Opcode opcode : {Opcode::close, Opcode::ping, Opcode::pong}) {
    expect_fault(frame(opcode, "", Fin::no), CloseCode::protocol_error);
    expect_fault(frame(Opcode::text, "a", Fin::no) + frame(opcode, "", Fin::no), CloseCode::protocol_error);
  }
}

TEST(FrameReaderFault, AControlFrameOver125Bytes_Rfc6455_5_5) {
  for (const Opcode opcode : {Opcode::ping, Opcode::pong}) {
    const std::string name = opcode == Opcode::ping ? "ping " : "pong ";
    expect_events(frame(opcode, std::string(124, 'x')), {name + std::string(124, 'x')});
    expect_events(frame(opcode, std::string(125, 'x')), {name + std::string(125, 'x')});
    expect_fault(frame(opcode, std::string(126, 'x')), CloseCode::protocol_error);
    EXPECT_EQ(read_whole(frame(opcode, std::string(65536, 'x'))).fault, 1002);
  }
  expect_fault(frame(Opcode::close, close_body(1000, std::string(124, 'x'))), CloseCode::protocol_error);
}

TEST(FrameReaderFault, AStrayContinuation_Rfc6455_5_4) {
  expect_fault(frame(Opcode::continuation, "a"), CloseCode::protocol_error);
  expect_fault(frame(Opcode::continuation, "a", Fin::no), CloseCode::protocol_error);
  expect_reading(frame(Opcode::text, "a") + frame(Opcode::continuation, "b"), {{"text 1 a"}, 1002});
  expect_reading(
      frame(Opcode::text, "a", Fin::no) + frame(Opcode::continuation, "b") + frame(Opcode::continuation, "c"),
      {{"text 2 ab"}, 1002});
}

TEST(FrameReaderFault, ANewMessageInsideAMessage_Rfc6455_5_4) {
  for (const Opcode opcode : {Opcode::text, Opcode::binary}) {
    expect_fault(frame(Opcode::text, "a", Fin::no) + frame(opcode, "b"), CloseCode::protocol_error);
    expect_fault(frame(Opcode::binary, "a", Fin::no) + frame(opcode, "b", Fin::no),
                 CloseCode::protocol_error);
    expect_reading(frame(Opcode::text, "a", Fin::no) + frame(Opcode::ping, "") + frame(opcode, "b"),
                   {{"ping "}, 1002});
  }
}

TEST(FrameReaderFault, ACloseOfOneByte_Rfc6455_5_5_1) {
  expect_fault(frame(Opcode::close, "\x03"), CloseCode::protocol_error);
}

TEST(FrameReaderFault, ACloseCodeThatMustNotBeSent_Rfc6455_7_4) {
  for (const unsigned code :
       {0u, 1u, 999u, 1004u, 1005u, 1006u, 1015u, 1016u, 1100u, 2000u, 2999u, 5000u, 65535u}) {
    expect_fault(frame(Opcode::close, close_body(code)), CloseCode::protocol_error);
    expect_fault(frame(Opcode::close, close_body(code, "reason")), CloseCode::protocol_error);
  }
  for (const unsigned code : {1000u, 1001u, 1002u, 1003u, 1007u, 1008u, 1009u, 1010u, 1011u, 1012u, 1013u,
                              1014u, 3000u, 3999u, 4000u, 4999u}) {
    expect_events(frame(Opcode::close, close_body(code)), {"close " + std::to_string(code) + " "});
  }
}

TEST(FrameReaderFault, ACloseReasonThatIsNotUtf8_Rfc6455_5_5_1) {
  expect_fault(frame(Opcode::close, close_body(1000, "\xFF")), CloseCode::invalid_payload);
  expect_fault(frame(Opcode::close, close_body(1000, "ab\xC3")), CloseCode::invalid_payload);
  expect_fault(frame(Opcode::close, close_body(1000, "\xED\xA0\x80")), CloseCode::invalid_payload);
}

TEST(FrameReaderFault, ATextThatIsNotUtf8_Rfc6455_8_1) {
  for (const std::string_view text :
       {"\xFF", "ab\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80"}) {
    expect_fault(frame(Opcode::text, text), CloseCode::invalid_payload);
    expect_events(frame(Opcode::binary, text),
                  {"binary " + std::to_string(text.size()) + " " + std::string(text)});
    expect_fault(frame(Opcode::text, "x", Fin::no) + frame(Opcode::continuation, text),
                 CloseCode::invalid_payload);
  }
}

TEST(FrameReaderFault, ACharacterMayBeSplitBetweenFragments_Rfc6455_8_1) {
  const std::string_view text = "\xF0\x9F\x94\x94 \xC3\xA4";  // a bell
  for (std::size_t split = 0; split <= text.size(); ++split) {
    const std::string first = frame(Opcode::text, text.substr(0, split), Fin::no);
    const std::string second = frame(Opcode::continuation, text.substr(split));
    expect_events(first + frame(Opcode::ping, "\xFF") + second, {"ping \xFF", "text 7 " + std::string(text)});
  }
}

// A message that begins badly is refused at the bad byte, not at its end.
TEST(FrameReaderFault, InvalidUtf8IsRefusedAtItsFirstBadByte_Rfc6455_8_1) {
  const std::string good = "\xCE\xBA\xE1\xBD\xB9";
  const std::string input = frame(Opcode::text, good + "\xF4\x90" + "never read", Fin::no);
  const std::size_t bad = 6 + good.size() + 1;  // F4 may still go on, 90 may not follow it
  EXPECT_EQ(read_whole(input.substr(0, bad)).fault, 0);
  EXPECT_EQ(read_whole(input.substr(0, bad + 1)).fault, 1007);
  EXPECT_EQ(read_bytewise(input.substr(0, bad)).fault, 0);
  EXPECT_EQ(read_bytewise(input.substr(0, bad + 1)).fault, 1007);
}

TEST(FrameReaderFault, EachHeaderFaultIsFoundAtItsFirstByte) {
  EXPECT_EQ(read_whole("\xC1"sv).fault, 1002);
  EXPECT_EQ(read_whole("\x83"sv).fault, 1002);
  EXPECT_EQ(read_whole("\x80"sv).fault, 1002);
  EXPECT_EQ(read_whole("\x09"sv).fault, 1002);
  EXPECT_EQ(read_whole("\x81\x05"sv).fault, 1002);
  EXPECT_EQ(read_whole("\x89\xFE"sv).fault, 1002);
}

TEST(FrameReaderFault, CarriesAReasonThatFitsACloseFrame) {
  for (const std::string_view input :
       {"\xC1\x80"sv, "\x81\x05"sv, "\x83\x80"sv, "\x80\x80"sv, "\x09\x80"sv}) {
    std::string buffer(input);
    Recorder recorder;
    FrameReader reader;
    const auto result = reader.feed(buffer, {}, recorder);
    ASSERT_EQ(result.status, ReadResult::Status::fault);
    EXPECT_FALSE(result.fault.reason.empty());
    EXPECT_LE(result.fault.reason.size(), kCloseReasonBytesMax);
    EXPECT_TRUE(reader.at_rest());
  }
}

}  // namespace
}  // namespace carillon::websocket
