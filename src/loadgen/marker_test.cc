#include "loadgen/marker.h"

#include <gtest/gtest.h>

#include <vector>

namespace carillon::loadgen {
namespace {

std::uint32_t count_in_pieces(const Marker& marker, std::string_view text, std::size_t piece_bytes) {
  std::uint8_t matched = 0;
  std::uint32_t found = 0;
  for (std::size_t at = 0; at < text.size(); at += piece_bytes) {
    found += marker.count(text.substr(at, piece_bytes), matched);
  }
  return found;
}

void expect_everywhere(std::string marker_text, std::string_view text, std::uint32_t wanted) {
  const Marker marker(std::move(marker_text));
  for (std::size_t piece = 1; piece <= text.size() + 1; ++piece) {
    EXPECT_EQ(count_in_pieces(marker, text, piece), wanted) << marker.text() << " in pieces of " << piece;
  }
}

TEST(Marker, CountsOccurrencesWhereverTheBytesAreSplit) {
  expect_everywhere("data:", "data: 1\n\ndata: 2\n\ndat: 3\n\ndatadata:", 3);
  expect_everywhere("x", "xxaxx", 4);
  expect_everywhere("\"n\":", R"({"n":1}{"n":2}{"m":3})", 2);
}

TEST(Marker, ATextThatRepeatsItselfIsFoundAfterAFalseStart) {
  expect_everywhere("aab", "aaab aaaab ab", 2);
  expect_everywhere("abab", "abaabab", 1);
}

TEST(Marker, OccurrencesDoNotOverlap) { expect_everywhere("aa", "aaaaa", 2); }

TEST(Marker, NothingIsFoundInNothing) { expect_everywhere("a", "", 0); }

std::vector<std::uint64_t> numbers_in_pieces(std::string_view text, std::size_t piece_bytes) {
  NumberFinder finder;
  std::vector<std::uint64_t> numbers;
  for (std::size_t at = 0; at < text.size(); at += piece_bytes) {
    std::string_view piece = text.substr(at, piece_bytes);
    while (const auto number = finder.next(piece)) numbers.push_back(*number);
  }
  return numbers;
}

TEST(NumberFinder, FindsEachNumberWhereverTheBytesAreSplit) {
  const std::string_view text = R"({"c":"n","n":0,"x":1}{"payload":{"n":12345}}""n":7,"n""n":8 )";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    EXPECT_EQ(numbers_in_pieces(text, piece), (std::vector<std::uint64_t>{0, 12345, 7, 8})) << piece;
  }
}

TEST(NumberFinder, ANumberIsReportedOnceItHasEnded) {
  NumberFinder finder;
  std::string_view bytes = "\"n\":41";
  EXPECT_EQ(finder.next(bytes), std::nullopt);
  bytes = "2,";
  EXPECT_EQ(finder.next(bytes), 412u);
  EXPECT_EQ(bytes, ",");
}

}  // namespace
}  // namespace carillon::loadgen
