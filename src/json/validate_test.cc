#include "json/validate.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace carillon::json {
namespace {

using std::string_view_literals::operator""sv;

struct Case {
  std::string_view text;
  Validity fault;
  std::size_t offset;
};

void expect(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    const Validation result = validate(c.text);
    EXPECT_EQ(result.fault, c.fault) << c.text << ": " << describe(result.fault);
    EXPECT_EQ(result.offset, c.offset) << c.text;
  }
}

TEST(Validate, TakesEveryKindOfValueWithSpaceAroundIt_Rfc8259_2) {
  for (const auto text :
       {"null", "true", "false", "0", "-0", "\"\"", "{}", "[]", " \t\r\n{ \n} ", "[ ]", "[1,2,3]", "[[],{}]",
        "{\"a\":{\"b\":[{}]},\"c\":null}", " \"x\" ", "{\"\":0}", "{\"a\":1,\"a\":2}", "[null , true]"}) {
    EXPECT_TRUE(is_valid(text)) << text;
  }
}

TEST(Validate, TakesNumbersOfAnyLength_Rfc8259_6) {
  for (const auto text :
       {"1", "-1", "10", "1.5", "0.0", "1e5", "1E+5", "1e-5", "0e0", "-0.0e-0", "1e999999999",
        "123456789012345678901234567890", "0.000000000000000000000000000000000001"}) {
    EXPECT_TRUE(is_valid(text)) << text;
  }
  EXPECT_TRUE(is_valid(std::string(100000, '9')));
}

TEST(Validate, RefusesOtherNumbers_Rfc8259_6) {
  expect({{"01", Validity::bad_number, 1},        {"-01", Validity::bad_number, 2},
          {"00", Validity::bad_number, 1},        {"{\"a\":01}", Validity::bad_number, 6},
          {"1.", Validity::truncated, 2},         {"[1.]", Validity::bad_number, 3},
          {"1.e5", Validity::bad_number, 2},      {".5", Validity::bad_number, 0},
          {"+1", Validity::bad_number, 0},        {"-", Validity::truncated, 1},
          {"-a", Validity::bad_number, 1},        {"1e", Validity::truncated, 2},
          {"1e+", Validity::truncated, 3},        {"[1e+]", Validity::bad_number, 4},
          {"0x10", Validity::trailing_bytes, 1},  {"1_000", Validity::trailing_bytes, 1},
          {"NaN", Validity::unexpected_byte, 0},  {"Infinity", Validity::unexpected_byte, 0},
          {"-Infinity", Validity::bad_number, 1}, {"1 2", Validity::trailing_bytes, 2}});
}

TEST(Validate, RefusesBrokenStructure_Rfc8259_4_5) {
  expect({{"", Validity::empty, 0},
          {" \n", Validity::empty, 2},
          {"[", Validity::truncated, 1},
          {"{", Validity::truncated, 1},
          {"[1", Validity::truncated, 2},
          {"[1,", Validity::truncated, 3},
          {"[1,]", Validity::unexpected_byte, 3},
          {"[,1]", Validity::unexpected_byte, 1},
          {"[1 2]", Validity::unexpected_byte, 3},
          {"[1}", Validity::unexpected_byte, 2},
          {"{]", Validity::unexpected_byte, 1},
          {"{\"a\"}", Validity::unexpected_byte, 4},
          {"{\"a\":}", Validity::unexpected_byte, 5},
          {"{\"a\":1,}", Validity::unexpected_byte, 7},
          {"{a:1}", Validity::unexpected_byte, 1},
          {"{1:1}", Validity::unexpected_byte, 1},
          {"{\"a\":1 \"b\":2}", Validity::unexpected_byte, 7},
          {"{\"a\":1]", Validity::unexpected_byte, 6},
          {"{\"a\"", Validity::truncated, 4},
          {"{\"a\":", Validity::truncated, 5},
          {"]", Validity::unexpected_byte, 0},
          {"}", Validity::unexpected_byte, 0},
          {"{}{}", Validity::trailing_bytes, 2},
          {"{},", Validity::trailing_bytes, 2},
          {"[]]", Validity::trailing_bytes, 2},
          {"null null", Validity::trailing_bytes, 5}});
}

TEST(Validate, RefusesOtherLiteralsSpacesAndComments_Rfc8259_2_3) {
  expect({{"nul", Validity::truncated, 3},
          {"nulL", Validity::unexpected_byte, 3},
          {"True", Validity::unexpected_byte, 0},
          {"tru e", Validity::unexpected_byte, 3},
          {"nullx", Validity::trailing_bytes, 4},
          {"undefined", Validity::unexpected_byte, 0},
          {"'a'", Validity::unexpected_byte, 0},
          {"/**/1", Validity::unexpected_byte, 0},
          {"1//", Validity::trailing_bytes, 1},
          {"\f1", Validity::unexpected_byte, 0},
          {"\v1", Validity::unexpected_byte, 0},
          {"\xC2\xA0 1", Validity::unexpected_byte, 0},
          {"\xEF\xBB\xBF{}", Validity::unexpected_byte, 0},
          {"\0"sv, Validity::unexpected_byte, 0},
          {"1\0"sv, Validity::trailing_bytes, 1},
          {"[1\0]"sv, Validity::unexpected_byte, 2}});
}

TEST(Validate, ChecksStrings_Rfc8259_7) {
  expect({{"\"", Validity::truncated, 1},
          {"\"abc", Validity::truncated, 4},
          {"\"\\", Validity::truncated, 2},
          {"\"\\\"", Validity::truncated, 3},
          {"\"\\u12", Validity::truncated, 5},
          {"\"a\nb\"", Validity::control_character, 2},
          {"\"\x1F\"", Validity::control_character, 1},
          {"\"\0\""sv, Validity::control_character, 1},
          {"\"\\a\"", Validity::bad_escape, 2},
          {"\"\\'\"", Validity::bad_escape, 2},
          {"\"\\x41\"", Validity::bad_escape, 2},
          {"\"\\U0041\"", Validity::bad_escape, 2},
          {"\"\\u00G0\"", Validity::bad_escape, 5},
          {"\"\\u004\"", Validity::bad_escape, 6},
          {"{\"a\tb\":1}", Validity::control_character, 3}});
  for (const auto text :
       {"\"\x7F\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u00E9\"", "\"\\u0000\"", "\"/\"", "\"\\\\\"",
        "\"0123456789abcdef\"", "\"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x94\x94\""}) {
    EXPECT_TRUE(is_valid(text)) << text;
  }
}

TEST(Validate, LoneSurrogateEscapesAreGrammatical) {
  for (const auto text : {"\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\uDBFF\\uDBFF\"", "\"\\ud83d\\udd14\""}) {
    EXPECT_TRUE(is_valid(text)) << text;
  }
}

TEST(Validate, RefusesWhatIsNotUtf8_Rfc3629) {
  for (const auto sequence : {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x9F\xBF",
                              "\xE2\x82", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF0\x9F\x94",
                              "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE", "\xFF"}) {
    const std::string text = "{\"a\":\"x" + std::string(sequence) + "\"}";
    const Validation result = validate(text);
    EXPECT_EQ(result.fault, Validity::bad_utf8) << text;
    EXPECT_EQ(result.offset, 7u) << text;
  }
  for (const auto sequence : {"\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                              "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_valid("\"" + std::string(sequence) + "\""));
  }
}

// The fast path reads eight bytes at a time: a fault must be seen wherever it lies among them.
TEST(Validate, SeesAFaultAtEveryPlaceInAString) {
  for (std::size_t length = 1; length <= 40; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      for (const char bad : {'\n', '\x01', '\x1F', '\x80', '\xFF'}) {
        std::string text = "\"" + std::string(length, 'a') + "\"";
        text[at + 1] = bad;
        const Validation result = validate(text);
        ASSERT_EQ(result.fault,
                  static_cast<unsigned char>(bad) < 0x20 ? Validity::control_character : Validity::bad_utf8);
        ASSERT_EQ(result.offset, at + 1);
      }
      // A quote ends the string early: what follows is one byte or more too many.
      std::string quoted = "\"" + std::string(length, 'a') + "\"";
      quoted[at + 1] = '"';
      ASSERT_EQ(validate(quoted).fault, Validity::trailing_bytes);
      ASSERT_EQ(validate(quoted).offset, at + 2);
    }
  }
}

// Whatever the bytes, a text that is cut is never valid where the whole is one container.
TEST(Validate, NoProperPrefixOfAnObjectIsValid) {
  const std::string text =
      "{\"a\":[1,-2.5e+3,\"x\\u00e9\\n\",true,false,null],\"b\\\"\":{\"caf\xC3\xA9\":[[],{}]}}";
  ASSERT_TRUE(is_valid(text));
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(is_valid(std::string_view(text).substr(0, size))) << size;
  }
}

TEST(Validate, BoundsDepth) {
  const auto nested = [](std::size_t depth, char open, char close) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += open == '{' ? "{\"a\":" : "[";
    text += "1";
    return text + std::string(depth, close);
  };
  for (const unsigned limit : {1u, 63u, 64u, 65u, kDepthDefault, kDepthMax}) {
    for (const auto& [open, close] : {std::pair{'[', ']'}, std::pair{'{', '}'}}) {
      EXPECT_TRUE(is_valid(nested(limit - 1, open, close), limit));
      EXPECT_TRUE(is_valid(nested(limit, open, close), limit));
      EXPECT_EQ(validate(nested(limit + 1, open, close), limit).fault, Validity::too_deep);
    }
  }
  EXPECT_EQ(validate(nested(kDepthMax + 1, '[', ']'), 100000).fault, Validity::too_deep);
  EXPECT_TRUE(is_valid("1", 0));
  EXPECT_FALSE(is_valid("[]", 0));
  EXPECT_EQ(validate(std::string(1000000, '[')).fault, Validity::too_deep);
}

// Arrays and objects alternate over the borders of the 64-bit words that remember which is which.
TEST(Validate, RemembersWhatItClosesAtEveryDepth) {
  std::string text;
  std::string closing;
  for (unsigned i = 0; i < kDepthMax; ++i) {
    text += i % 3 == 0 ? "{\"a\":" : "[";
    closing.insert(closing.begin(), i % 3 == 0 ? '}' : ']');
  }
  EXPECT_TRUE(is_valid(text + "0" + closing, kDepthMax));
  for (std::size_t i = 0; i < closing.size(); ++i) {
    std::string wrong = closing;
    wrong[i] = wrong[i] == '}' ? ']' : '}';
    EXPECT_EQ(validate(text + "0" + wrong, kDepthMax).offset, text.size() + 1 + i);
  }
}

}  // namespace
}  // namespace carillon::json
