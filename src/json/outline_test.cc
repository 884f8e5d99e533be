#include "json/outline.h"

#include <gtest/gtest.h>

#include <string>

namespace carillon::json {
namespace {

// One outline for all pointers, as in use; each must find what the pointer finds by itself.
void expect_the_same(std::string_view document) {
  Outline outline(document);
  for (const char* text :
       {"", "/type", "/data", "/data/id", "/data/1", "/data/x/y", "/", "/a~1b", "/tail", "/0"}) {
    const auto pointer = Pointer::parse(text);
    ASSERT_TRUE(pointer);
    EXPECT_EQ(outline.find(*pointer), pointer->find(document)) << text << " in " << document;
  }
}

std::string object_of(std::size_t members) {
  std::string text = "{";
  for (std::size_t i = 0; i < members; ++i)
    text += "\"m" + std::to_string(i) + "\":" + std::to_string(i) + ',';
  text.back() = '}';
  return text;
}

std::string find(Outline& outline, const std::string& pointer) {
  return std::string(outline.find(*Pointer::parse(pointer)).value_or("nothing"));
}

TEST(Outline, FindsWhatAPointerFinds) {
  for (const char* document :
       {R"({"type":"t","data":{"id":7,"x":{"y":[1]}},"tail":"end"})",
        R"( { "data" : [ 1 , "two" ] , "" : 0 } )", R"({"a/b":1,"\u0074ype":"escaped","0":"zero"})", "{}",
        "[]", R"(["type",{"type":1}])", "null", "12", R"("type")", "  true "}) {
    expect_the_same(document);
  }
}

TEST(Outline, OfDuplicateMembersTheLastCounts) {
  Outline outline(R"({"type":1,"data":2,"\u0074ype":{"id":3}})");
  EXPECT_EQ(find(outline, "/type"), R"({"id":3})");
  EXPECT_EQ(find(outline, "/type/id"), "3");
  EXPECT_EQ(find(outline, "/data"), "2");
}

TEST(Outline, OfMoreMembersThanItKeepsItFindsAllTheSame) {
  for (const std::size_t members :
       {Outline::kMembersMax - 1, Outline::kMembersMax, Outline::kMembersMax + 1}) {
    const std::string document = object_of(members);
    Outline outline(document);
    for (std::size_t i = 0; i < members; ++i) {
      EXPECT_EQ(find(outline, "/m" + std::to_string(i)), std::to_string(i)) << "of " << members;
    }
    EXPECT_EQ(find(outline, "/m" + std::to_string(members)), "nothing");
  }
}

}  // namespace
}  // namespace carillon::json
