#include "loadgen/text_template.h"

#include <gtest/gtest.h>

#include <array>

namespace carillon::loadgen {
namespace {

using namespace std::string_view_literals;

std::string filled(std::string_view text) {
  constexpr std::array kNames{"channel"sv, "data"sv, "chan"sv};
  constexpr std::array kValues{"news"sv, "{}"sv, "short"sv};
  std::string out;
  TextTemplate(text, kNames).append(out, kValues);
  return out;
}

TEST(TextTemplate, FillsInEachName) {
  EXPECT_EQ(filled(R"({"c":"$channel","d":$data})"), R"({"c":"news","d":{}})");
  EXPECT_EQ(filled("$data$data"), "{}{}");
  EXPECT_EQ(filled(""), "");
}

TEST(TextTemplate, TheLongerNameCounts) { EXPECT_EQ(filled("$chan $channel $channe"), "short news shortne"); }

TEST(TextTemplate, LeavesOtherDollarsAsTheyAre) {
  EXPECT_EQ(filled("$JS.API $ $"), "$JS.API $ $");
  EXPECT_EQ(filled("$$data"), "$data");
}

TEST(ClientTemplate, HasTheClientsNumber) {
  EXPECT_EQ(ClientTemplate("room-$i/$i").of(42), "room-42/42");
  EXPECT_TRUE(ClientTemplate("$i").differs());
  EXPECT_FALSE(ClientTemplate("i").differs());
}

TEST(EventBody, IsAsLongAsItShouldBeWhateverItsNumber) {
  const EventBody body(EventBody::kDefault, 64);
  for (std::uint64_t n : {0u, 9u, 10u, 123'456u}) {
    std::string text;
    body.append(text, n);
    EXPECT_EQ(text.size(), 64u);
    EXPECT_TRUE(text.starts_with("{\"n\":" + std::to_string(n) + ",\"pad\":\"xx")) << text;
    EXPECT_TRUE(text.ends_with("x\"}"));
  }
}

TEST(EventBody, IsLongerWhereTheTemplateLeavesNoRoom) {
  std::string text;
  EventBody(EventBody::kDefault, 5).append(text, 7);
  EXPECT_EQ(text, R"({"n":7,"pad":""})");
}

TEST(EventBody, AppendsToWhatThereIs) {
  std::string text = "before ";
  EventBody(R"({"type":"x","data":{"n":$n}})", 100).append(text, 7);
  EXPECT_EQ(text, R"(before {"type":"x","data":{"n":7}})");
}

}  // namespace
}  // namespace carillon::loadgen
