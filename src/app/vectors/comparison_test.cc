#include "app/vectors/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carillon::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr WallTime kAt{milliseconds(1'767'225'600'123)};  // 2026-01-01T00:00:00.123Z

Comparison compared(std::string_view expected, std::string_view came, std::int64_t n = 0) {
  std::string uuid;
  return compare(json::Value::of_valid(expected), came, {.at = kAt, .n = n, .uuid = uuid});
}

TEST(Comparison, JsonIsComparedWithoutWhiteSpaceAndTheOrderOfMembers) {
  EXPECT_TRUE(compared(R"({"a": 1, "b": ["x", null]})", R"({ "b":["x",null],"a":1 })").is_equal);
  EXPECT_TRUE(compared(R"({"a": "\u0041"})", R"({"a":"A"})").is_equal);
  EXPECT_FALSE(compared(R"({"a": 1})", R"({"a":"1"})").is_equal);
  EXPECT_FALSE(compared(R"({"a": 1})", R"({"a":1.0})").is_equal);
  EXPECT_FALSE(compared("[1, 2]", "[2,1]").is_equal);
}

TEST(Comparison, ByBytesTheOrderOfMembersAndWhiteSpaceMatterToo) {
  std::string uuid;
  const auto is_equal = [&](std::string_view expected, std::string_view came) {
    return compare(json::Value::of_valid(expected), came, {.at = kAt, .uuid = uuid}, JsonComparison::by_bytes)
        .is_equal;
  };
  EXPECT_TRUE(is_equal(R"({"a": 1, "b": "$time_s"})", R"({"a":1,"b":"2026-01-01T00:00:00Z"})"));
  EXPECT_FALSE(is_equal(R"({"a": 1, "b": 2})", R"({"b":2,"a":1})"));
  EXPECT_FALSE(is_equal(R"({"a": 1})", R"({"a": 1})"));
  EXPECT_TRUE(is_equal(R"({"a": "$any"})", R"({"a":[1]})"));
}

TEST(Comparison, AStringIsComparedByteForByte) {
  EXPECT_TRUE(compared(R"("{\"a\":1}")", R"({"a":1})").is_equal);
  const Comparison spaced = compared(R"("{\"a\":1}")", R"({"a": 1})");
  EXPECT_FALSE(spaced.is_equal);
  EXPECT_THAT(spaced.differences, ElementsAre(HasSubstr("only in white space")));
}

TEST(Comparison, EachDifferenceHasItsPlace) {
  EXPECT_THAT(
      compared(R"({"a": {"b": 1}, "c": [1, 2], "d": true})", R"({"a":{"b":2},"c":[1],"e":0})").differences,
      ElementsAre("/a/b: expected 1, came 2", "/c/1: expected 2, came nothing",
                  "/d: expected true, came nothing", "/e: expected nothing, came 0"));
  EXPECT_THAT(compared("1", "2").differences, ElementsAre("the whole: expected 1, came 2"));
  EXPECT_THAT(compared("{}", "no JSON").differences, ElementsAre(HasSubstr("it is not JSON")));
}

TEST(Comparison, DifferencesAreLimitedInNumber) {
  std::string many = "[0";
  for (int i = 0; i < 100; ++i) many += ",0";
  EXPECT_EQ(compared("[]", many + "]").differences.size(), kDifferencesMax);
}

TEST(Comparison, TheTimesStandForTheMomentOfSending) {
  EXPECT_TRUE(compared(R"({"s": "$time_s", "ms": "at $time_ms"})",
                       R"({"s":"2026-01-01T00:00:00Z","ms":"at 2026-01-01T00:00:00.123Z"})")
                  .is_equal);
  EXPECT_TRUE(
      compared(R"({"s": "$time_unix_s", "ms": "$time_unix_ms"})", R"({"s":1767225600,"ms":1767225600123})")
          .is_equal);
  EXPECT_FALSE(compared(R"({"s": "$time_unix_s"})", R"({"s":1767225601})").is_equal);
}

TEST(Comparison, AnyStandsForEveryValueButNotForNone) {
  EXPECT_TRUE(compared(R"({"a": "$any"})", R"({"a":[1]})").is_equal);
  EXPECT_FALSE(compared(R"({"a": "$any"})", "{}").is_equal);
}

TEST(Comparison, AUuidIsTheSameThroughoutAVector) {
  constexpr std::string_view kOne = R"({"id":"f81d4fae-7dec-4a1e-8bdd-00a0c91e6bf6"})";
  constexpr std::string_view kOther = R"({"id":"a81d4fae-7dec-4a1e-8bdd-00a0c91e6bf6"})";
  std::string uuid;
  const auto is_equal = [&](std::string_view came) {
    return compare(json::Value::of_valid(R"({"id": "$uuid"})"), came, {.at = kAt, .uuid = uuid}).is_equal;
  };
  EXPECT_FALSE(is_equal(R"({"id":"no-uuid"})"));
  EXPECT_TRUE(is_equal(kOne));
  EXPECT_TRUE(is_equal(kOne));
  EXPECT_FALSE(is_equal(kOther));
}

TEST(Comparison, TheNumberOfACopyIsFilledInOnlyWhereThereAreCopies) {
  EXPECT_TRUE(compared(R"("x$n")", "x7", 7).is_equal);
  EXPECT_TRUE(compared(R"("$name")", "$name").is_equal);
  EXPECT_THAT(compared(R"("$name")", "$name").differences, IsEmpty());
}

}  // namespace
}  // namespace carillon::app
