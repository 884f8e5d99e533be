#include "base/utf8.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/testing/naive_utf8.h"

namespace carillon {
namespace {

using namespace std::string_view_literals;
using testing::naive_can_become_utf8;
using testing::naive_is_valid_utf8;

constexpr std::string_view kValid[] = {
    "",
    "\0"sv,
    "\x7F",
    "plain ASCII, longer than one machine word and longer than four of them, too",
    "\xC2\x80",          // U+0080, the first of two bytes
    "\xDF\xBF",          // U+07FF, the last
    "\xE0\xA0\x80",      // U+0800, the first of three
    "\xED\x9F\xBF",      // U+D7FF, before the surrogates
    "\xEE\x80\x80",      // U+E000, behind them
    "\xEF\xBF\xBD",      // U+FFFD
    "\xEF\xBF\xBE",      // U+FFFE: no character, but valid
    "\xEF\xBF\xBF",      // U+FFFF
    "\xEF\xBB\xBF",      // U+FEFF, a byte order mark
    "\xF0\x90\x80\x80",  // U+10000, the first of four
    "\xF4\x8F\xBF\xBF",  // U+10FFFF, the last of all
    "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5",
};

constexpr std::string_view kInvalid[] = {
    "\x80",                      // a continuation byte alone
    "\xBF",                      //
    "\xC0\x80",                  // overlong NUL
    "\xC1\xBF",                  // overlong U+007F
    "\xC2\x7F",                  // not continued
    "\xC2\xC0",                  //
    "\xE0\x80\x80",              // overlong
    "\xE0\x9F\xBF",              // overlong U+07FF
    "\xED\xA0\x80",              // U+D800, the first surrogate
    "\xED\xBF\xBF",              // U+DFFF, the last
    "\xED\xA0\x80\xED\xB0\x80",  // a pair of them
    "\xF0\x80\x80\x80",          // overlong
    "\xF0\x8F\xBF\xBF",          // overlong U+FFFF
    "\xF4\x90\x80\x80",          // U+110000
    "\xF5\x80\x80\x80",          //
    "\xF8\x88\x80\x80\x80",      // five bytes
    "\xFC\x84\x80\x80\x80\x80",  // six
    "\xFE",                      //
    "\xFF",                      //
    "\xE2\x28\xA1",              // second byte wrong
    "\xE2\x82\x28",              // third
    "\xF0\x90\x80\x28",          // fourth
    "\xC2",                      // cut short
    "\xE2\x82",                  //
    "\xF0\x90\x80",              //
};

std::string at_offset(std::size_t offset, std::string_view text) {
  return std::string(offset, 'x').append(text);
}

TEST(Utf8, AcceptsTheEdgesOfEveryRangeAtEveryAlignment) {
  for (const std::string_view text : kValid) {
    for (std::size_t offset = 0; offset < 40; ++offset) {
      EXPECT_TRUE(is_valid_utf8(at_offset(offset, text) + "tail")) << ::testing::PrintToString(text);
    }
  }
}

TEST(Utf8, RefusesWhatLiesBeyondEveryEdgeAtEveryAlignment) {
  for (const std::string_view text : kInvalid) {
    for (std::size_t offset = 0; offset < 40; ++offset) {
      EXPECT_FALSE(is_valid_utf8(at_offset(offset, text))) << ::testing::PrintToString(text);
      EXPECT_FALSE(is_valid_utf8(at_offset(offset, text) + "tail")) << ::testing::PrintToString(text);
    }
  }
}

TEST(Utf8, AgreesWithTheDefinitionOnEveryPairAndManyTriplesOfBytes) {
  std::string text(2, '\0');
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      text.resize(2);
      text[0] = static_cast<char>(first);
      text[1] = static_cast<char>(second);
      ASSERT_EQ(is_valid_utf8(text), naive_is_valid_utf8(text)) << first << " " << second;
      for (const char third :
           {'\x00', '\x7F', '\x80', '\x8F', '\x90', '\x9F', '\xA0', '\xBF', '\xC0', '\xFF'}) {
        text.resize(3);
        text[2] = third;
        ASSERT_EQ(is_valid_utf8(text), naive_is_valid_utf8(text)) << first << " " << second;
        text.resize(4);
        text[3] = '\x80';
        ASSERT_EQ(is_valid_utf8(text), naive_is_valid_utf8(text)) << first << " " << second;
      }
    }
  }
}

// Fed byte by byte, it must refuse exactly at the first byte after which nothing valid can follow.
void expect_fails_fast(const std::string& text) {
  Utf8Validator validator;
  bool alive = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    alive = alive && naive_can_become_utf8(text.substr(0, i + 1));
    ASSERT_EQ(validator.feed(text.substr(i, 1)), alive) << "at byte " << i;
  }
  EXPECT_EQ(alive && validator.at_boundary(), naive_is_valid_utf8(text));
}

TEST(Utf8Validator, FailsAtTheFirstInvalidByte) {
  for (const std::string_view text : kValid) expect_fails_fast(std::string(text));
  for (const std::string_view text : kInvalid) expect_fails_fast(std::string(text) + "x");
}

TEST(Utf8Validator, GivesTheSameResultUnderAnySplit) {
  for (const std::string_view text : kValid) {
    for (std::size_t split = 0; split <= text.size(); ++split) {
      Utf8Validator validator;
      EXPECT_TRUE(validator.feed(text.substr(0, split)));
      EXPECT_TRUE(validator.feed(text.substr(split)));
      EXPECT_TRUE(validator.at_boundary());
    }
  }
  for (const std::string_view text : kInvalid) {
    for (std::size_t split = 0; split <= text.size(); ++split) {
      Utf8Validator validator;
      const bool first = validator.feed(text.substr(0, split));
      const bool second = validator.feed(text.substr(split));
      EXPECT_TRUE(first || !second) << "no must stay no";
      EXPECT_FALSE(second && validator.at_boundary());
    }
  }
}

TEST(Utf8Validator, StaysBrokenUntilReset) {
  Utf8Validator validator;
  EXPECT_FALSE(validator.feed("\xFF"));
  EXPECT_FALSE(validator.feed("fine"));
  EXPECT_FALSE(validator.feed(""));
  validator.reset();
  EXPECT_TRUE(validator.feed("fine"));
  EXPECT_EQ(sizeof validator, 4u);
}

TEST(Utf8Validator, AgreesWithTheDefinitionOnRandomMixtures) {
  std::mt19937 random(20240517);
  std::vector<std::string_view> parts(std::begin(kValid), std::end(kValid));
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    const auto count = random() % 12;
    for (unsigned i = 0; i < count; ++i) text += parts[random() % parts.size()];
    if (!text.empty() && random() % 2 == 0) text[random() % text.size()] = static_cast<char>(random());
    const std::size_t split = random() % (text.size() + 1);
    Utf8Validator validator;
    const bool alive = validator.feed(text.substr(0, split)) && validator.feed(text.substr(split));
    ASSERT_EQ(alive, naive_can_become_utf8(text)) << ::testing::PrintToString(text);
    ASSERT_EQ(alive && validator.at_boundary(), naive_is_valid_utf8(text)) << ::testing::PrintToString(text);
  }
}

}  // namespace
}  // namespace carillon
