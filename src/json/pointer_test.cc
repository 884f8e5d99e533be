#include "json/pointer.h"

#include <gtest/gtest.h>

#include <string>

namespace carillon::json {
namespace {

std::optional<std::string_view> find(std::string_view pointer, std::string_view document) {
  const auto parsed = Pointer::parse(pointer);
  EXPECT_TRUE(parsed.has_value()) << pointer;
  return parsed ? parsed->find(document) : std::nullopt;
}

TEST(Pointer, FindsWhatTheStandardsExampleNames_Rfc6901_5) {
  constexpr std::string_view kDocument =
      R"({"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8})";
  EXPECT_EQ(find("", kDocument), kDocument);
  EXPECT_EQ(find("/foo", kDocument), R"(["bar","baz"])");
  EXPECT_EQ(find("/foo/0", kDocument), R"("bar")");
  EXPECT_EQ(find("/foo/1", kDocument), R"("baz")");
  EXPECT_EQ(find("/", kDocument), "0");
  EXPECT_EQ(find("/a~1b", kDocument), "1");
  EXPECT_EQ(find("/c%d", kDocument), "2");
  EXPECT_EQ(find("/e^f", kDocument), "3");
  EXPECT_EQ(find("/g|h", kDocument), "4");
  EXPECT_EQ(find("/i\\j", kDocument), "5");
  EXPECT_EQ(find("/k\"l", kDocument), "6");
  EXPECT_EQ(find("/ ", kDocument), "7");
  EXPECT_EQ(find("/m~0n", kDocument), "8");
}

TEST(Pointer, FindsNothingWhereNothingIs) {
  for (const auto pointer : {"/b", "/a/b", "/a/0", "/l/2", "/l/-", "/l/01", "/l/+1", "/l/1e0", "/l/", "/l/x",
                             "/s/0", "/l/99999999999999999999999", "/a/"}) {
    EXPECT_EQ(find(pointer, R"({"a":1,"l":[1,2],"s":"xyz"})"), std::nullopt) << pointer;
  }
}

TEST(Pointer, OfDuplicateMembersTheLastCounts) { EXPECT_EQ(find("/a", R"({"a":1,"\u0061":2})"), "2"); }

TEST(Pointer, ADigitNamesAMemberOfAnObject) { EXPECT_EQ(find("/0/00", R"({"0":{"00":1}})"), "1"); }

TEST(Pointer, UnescapesTildeOneBeforeTildeZero_Rfc6901_4) {
  EXPECT_EQ(find("/~01", R"({"~1":1,"/":2})"), "1");
}

TEST(Pointer, RefusesWhatIsNoPointer) {
  for (const auto text : {"a", "#/a", "~", "/~", "/~2", "/a~", " /a"}) {
    EXPECT_FALSE(Pointer::parse(text)) << text;
  }
}

TEST(Pointer, IsBounded) {
  EXPECT_TRUE(Pointer::parse("/" + std::string(kPointerBytesMax - 2, 'a')));
  EXPECT_TRUE(Pointer::parse("/" + std::string(kPointerBytesMax - 1, 'a')));
  EXPECT_FALSE(Pointer::parse("/" + std::string(kPointerBytesMax, 'a')));
  EXPECT_TRUE(Pointer::parse(std::string(kPointerTokensMax - 1, '/')));
  EXPECT_TRUE(Pointer::parse(std::string(kPointerTokensMax, '/')));
  EXPECT_FALSE(Pointer::parse(std::string(kPointerTokensMax + 1, '/')));
}

}  // namespace
}  // namespace carillon::json
