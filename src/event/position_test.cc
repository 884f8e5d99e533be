#include "event/position.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

namespace carillon {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

std::string position_text(Position position) {
  std::string text;
  append_text(position, text);
  return text;
}

TEST(Position, IsTheVersionTheEpochAndTheNumber) {
  EXPECT_EQ(position_text({0, 0}), "1AAAAAAAAAAA.0");
  EXPECT_EQ(position_text({1, 42}), "1AAAAAAAAAAE.42");
  EXPECT_EQ(position_text({0x0123456789abcdef, 1}), "1ASNFZ4mrze8.1");  // base64url of these eight bytes
  EXPECT_EQ(position_text({kMost, kMost}), "1__________8.18446744073709551615");
}

TEST(Position, EveryPositionIsParsedFromItsText) {
  std::mt19937_64 dice(7);
  for (int i = 0; i < 10000; ++i) {
    const Position position{dice() >> (dice() % 64), dice() >> (dice() % 64)};
    const std::string text = position_text(position);
    EXPECT_EQ(parse_position(text), position) << text;
    EXPECT_LE(text.size(), kPositionBytesMax);
    EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
             c == '_' || c == '.';
    })) << text;
  }
}

TEST(Position, IsAppendedBehindWhatTheStringHolds) {
  std::string text = "id: ";
  append_text({1, 2}, text);
  EXPECT_EQ(text, "id: 1AAAAAAAAAAE.2");
}

TEST(Position, TheLargestNumberParsesAndOneMoreDoesNot) {
  EXPECT_TRUE(parse_position("1AAAAAAAAAAA.18446744073709551614"));
  EXPECT_TRUE(parse_position("1AAAAAAAAAAA.18446744073709551615"));
  EXPECT_FALSE(parse_position("1AAAAAAAAAAA.18446744073709551616"));
  EXPECT_FALSE(parse_position("1AAAAAAAAAAA.184467440737095516150"));
}

TEST(Position, ATextThatIsNotTheCanonicalOneDoesNotParse) {
  using std::string_view_literals::operator""sv;
  for (const std::string_view text : {""sv,
                                      "1"sv,
                                      "."sv,
                                      "1AAAAAAAAAAA"sv,
                                      "1AAAAAAAAAAA."sv,
                                      "1AAAAAAAAAA.1"sv,
                                      "1AAAAAAAAAAAA.1"sv,
                                      "2AAAAAAAAAAA.1"sv,
                                      "0AAAAAAAAAAA.1"sv,  // another version
                                      "1AAAAAAAAAAB.1"sv,
                                      "1AAAAAAAAAAC.1"sv,
                                      "1AAAAAAAAAAD.1"sv,  // unused bits are set
                                      "1AAAAAAAAAA+.1"sv,
                                      "1AAAAAAAAAA/.1"sv,
                                      "1AAAAAAAAAA=.1"sv,  // not base64url
                                      "1AAAAAAAAAAA.00"sv,
                                      "1AAAAAAAAAAA.01"sv,
                                      "1AAAAAAAAAAA.+1"sv,  // not the shortest decimal
                                      "1AAAAAAAAAAA.-1"sv,
                                      "1AAAAAAAAAAA. 1"sv,
                                      "1AAAAAAAAAAA.1 "sv,  //
                                      "1AAAAAAAAAAA.0x1"sv,
                                      "1AAAAAAAAAAA.1e3"sv,
                                      "1AAAAAAAAAAA.1\0"sv,
                                      "1AAAAAAAAAAA,1"sv,
                                      "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"sv}) {
    EXPECT_FALSE(parse_position(text)) << text;
  }
}

// Every text that differs from a position's in one byte is refused or is another position's own text.
TEST(Position, WhatParsesIsTheTextOfWhatItParsesTo) {
  const std::string text = position_text({0x0123456789abcdef, 9021});
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = text;
      changed[at] = static_cast<char>(byte);
      if (const auto position = parse_position(changed)) {
        EXPECT_EQ(position_text(*position), changed);
      }
    }
  }
}

}  // namespace
}  // namespace carillon
