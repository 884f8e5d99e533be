// The PROXY protocol by its bytes: each header whole, byte by byte and cut at every place, with a request
// behind it that must be left alone.
#include "http/proxy_header.h"

#include <gtest/gtest.h>

#include <vector>

namespace carillon::http {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kSignature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::string_view kBehind = "GET / HTTP/1.1\r\n";

// "source 192.0.2.1, 40 bytes", "peer, 15 bytes", "fault: …", "more".
std::string outcome_of(const ProxyHeaderReader& reader, std::size_t consumed) {
  switch (reader.state()) {
    case ProxyHeaderState::need_more:
      return "more";
    case ProxyHeaderState::fault:
      return "fault: " + std::string(reader.fault());
    case ProxyHeaderState::done:
      break;
  }
  const std::string who = reader.source() ? "source " + reader.source()->text() : "peer";
  return who + ", " + std::to_string(consumed) + " bytes";
}

std::string read_in_parts(const std::vector<std::string_view>& parts) {
  ProxyHeaderReader reader;
  std::size_t consumed = 0;
  for (const std::string_view part : parts) {
    const auto step = reader.feed(part);
    EXPECT_EQ(step.state, reader.state());
    EXPECT_LE(step.consumed, part.size());
    consumed += step.consumed;
    if (step.state == ProxyHeaderState::need_more) {
      EXPECT_EQ(step.consumed, part.size());
    }
  }
  return outcome_of(reader, consumed);
}

// The same however it is cut, and nothing of what is behind is taken.
std::string read_every_way(std::string_view bytes) {
  const std::string whole = read_in_parts({bytes});
  std::vector<std::string_view> single;
  for (std::size_t i = 0; i < bytes.size(); ++i) single.push_back(bytes.substr(i, 1));
  EXPECT_EQ(read_in_parts(single), whole);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    EXPECT_EQ(read_in_parts({bytes.substr(0, cut), bytes.substr(cut)}), whole) << "cut at " << cut;
  }
  return whole;
}

std::string read(std::string_view header) {
  return read_every_way(std::string(header) + std::string(kBehind));
}

std::string binary(std::string_view head_and_rest) {
  return std::string(kSignature) + std::string(head_and_rest);
}

TEST(ProxyHeader, Version1NamesTheClient) {
  EXPECT_EQ(read("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n"), "source 192.0.2.1, 45 bytes");
  EXPECT_EQ(read("PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n"), "source 2001:db8::1, 44 bytes");
  EXPECT_EQ(read("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"),
            "source 255.255.255.255, 56 bytes");
  EXPECT_EQ(read("PROXY TCP6 ::ffff:192.0.2.1 ::1 0 1\r\n"), "source 192.0.2.1, 37 bytes");
}

TEST(ProxyHeader, Version1MayNotKnowTheClient) {
  EXPECT_EQ(read("PROXY UNKNOWN\r\n"), "peer, 15 bytes");
  EXPECT_EQ(read("PROXY UNKNOWN ffff::1 whatever 1 2 3\r\n"), "peer, 38 bytes");
}

TEST(ProxyHeader, Version1IsAtMost107BytesLong) {
  const std::string begin = "PROXY UNKNOWN ";
  EXPECT_EQ(read(begin + std::string(106 - begin.size() - 2, 'x') + "\r\n"), "peer, 106 bytes");
  EXPECT_EQ(read(begin + std::string(107 - begin.size() - 2, 'x') + "\r\n"), "peer, 107 bytes");
  EXPECT_EQ(read(begin + std::string(108 - begin.size() - 2, 'x') + "\r\n"), "fault: longer than 107 bytes");
  EXPECT_EQ(read(begin + std::string(5000, 'x')), "fault: longer than 107 bytes");
}

TEST(ProxyHeader, Version1OfTheWrongShapeIsRefused) {
  const std::string parts = "fault: not two addresses and two ports";
  const std::string address = "fault: not an address of its family";
  const std::string port = "fault: not a port";
  const std::string line_end = "fault: a line end that is not CRLF";
  EXPECT_EQ(read("PROXY TCP4 192.0.2.1 198.51.100.7 1\r\n"), parts);
  EXPECT_EQ(read("PROXY TCP4 192.0.2.1 198.51.100.7 1 2 3\r\n"), parts);
  EXPECT_EQ(read("PROXY TCP4\r\n"), parts);
  EXPECT_EQ(read("PROXY TCP4  192.0.2.1 198.51.100.7 1\r\n"), address);
  EXPECT_EQ(read("PROXY TCP4 ::1 ::1 1 2\r\n"), address);
  EXPECT_EQ(read("PROXY TCP6 192.0.2.1 198.51.100.7 1 2\r\n"), address);
  EXPECT_EQ(read("PROXY TCP4 192.0.2.1 localhost 1 2\r\n"), address);
  EXPECT_EQ(read("PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n"), address);
  EXPECT_EQ(read("PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n"), port);
  EXPECT_EQ(read("PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n"), port);
  EXPECT_EQ(read("PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n"), port);
  EXPECT_EQ(read("PROXY TCP4 192.0.2.1 192.0.2.2 1 \r\n"), port);
  EXPECT_EQ(read("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n"), line_end);
  EXPECT_EQ(read("PROXY TCP4 192.0.2.1\r192.0.2.2 1 2\r\n"), line_end);
  EXPECT_EQ(read("PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n"), "fault: neither TCP4, TCP6 nor UNKNOWN");
  EXPECT_EQ(read("PROXY \r\n"), "fault: neither TCP4, TCP6 nor UNKNOWN");
}

TEST(ProxyHeader, WhatDoesNotBeginWithOneIsRefusedAtItsFirstOddByte) {
  const std::string none = "fault: does not begin with a PROXY header";
  for (const std::string_view bytes : {"G"sv, "PO"sv, "PROXy"sv, "PROXYX"sv, "\x16\x03\x01"sv, "\r\r"sv,
                                       "\0"sv, "\r\n\r\n\0\r\nQUIT\r"sv, "\r\n\r\nGET"sv, "proxy "sv}) {
    EXPECT_EQ(read_every_way(bytes), none) << bytes;
  }
  EXPECT_EQ(read_every_way("POST / HTTP/1.1\r\n\r\n"), none);
  EXPECT_EQ(read_every_way("PROX"), "more");
  EXPECT_EQ(read_every_way(kSignature), "more");
}

TEST(ProxyHeader, Version2NamesTheClient) {
  EXPECT_EQ(read(binary("\x21\x11\0\x0c\xc0\0\2\1\xc6\x33\x64\7\xdc\x04\1\xbb"sv)),
            "source 192.0.2.1, 28 bytes");
  EXPECT_EQ(read(binary("\x21\x21\0\x24\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
                        "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2\0\1\0\2"sv)),
            "source 2001:db8::1, 52 bytes");
}

TEST(ProxyHeader, Version2SkipsWhatFollowsItsAddresses) {
  EXPECT_EQ(read(binary("\x21\x11\0\x13\xc0\0\2\1\xc6\x33\x64\7\0\1\0\2\x04\0\4"sv) + "noop"),
            "source 192.0.2.1, 35 bytes");
  const std::string head = binary("\x21\x11\x10\0\xc0\0\2\1\xc6\x33\x64\7\0\1\0\2"sv);
  EXPECT_EQ(read_in_parts({head, std::string(4096 - 12, '\xff')}), "source 192.0.2.1, 4112 bytes");
  EXPECT_EQ(read_in_parts({head, std::string(4095 - 12, '\xff')}), "more");
  EXPECT_EQ(read(binary("\x21\x11\x10\1"sv)), "fault: declares more than 4096 bytes");
  EXPECT_EQ(read(binary("\x20\0\xff\xff"sv)), "fault: declares more than 4096 bytes");
}

TEST(ProxyHeader, Version2MaySpeakForTheProxyItself) {
  EXPECT_EQ(read(binary("\x20\0\0\0"sv)), "peer, 16 bytes");
  EXPECT_EQ(read(binary("\x20\x11\0\x0c\xc0\0\2\1\xc6\x33\x64\7\0\1\0\2"sv)), "peer, 28 bytes");
  EXPECT_EQ(read(binary("\x20\xff\0\3abc"sv)), "peer, 19 bytes") << "LOCAL: the family is ignored";
  EXPECT_EQ(read(binary("\x21\0\0\2ab"sv)), "peer, 18 bytes") << "unspecified";
  EXPECT_EQ(read(binary("\x21\x31\0\xd8"sv) + std::string(216, '/')), "peer, 232 bytes") << "a UNIX socket";
}

TEST(ProxyHeader, Version2OfTheWrongShapeIsRefused) {
  EXPECT_EQ(read(binary("\x11\x11\0\x0c"sv)), "fault: an unknown version or command");
  EXPECT_EQ(read(binary("\x22\x11\0\x0c"sv)), "fault: an unknown version or command");
  EXPECT_EQ(read(binary("\x21\x12\0\x0c"sv)), "fault: an unknown family or transport") << "UDP over TCP";
  EXPECT_EQ(read(binary("\x21\x41\0\x0c"sv)), "fault: an unknown family or transport");
  EXPECT_EQ(read(binary("\x21\x10\0\x0c"sv)), "fault: an unknown family or transport");
  EXPECT_EQ(read(binary("\x21\x11\0\x0b"sv)), "fault: too short for its addresses");
  EXPECT_EQ(read(binary("\x21\x21\0\x23"sv)), "fault: too short for its addresses");
  EXPECT_EQ(read(binary("\x21\x21\0\0"sv)), "fault: too short for its addresses");
}

}  // namespace
}  // namespace carillon::http
