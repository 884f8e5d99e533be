#include "event/channel_pattern.h"

#include <gtest/gtest.h>

#include <string>

namespace carillon {
namespace {

using std::string_view_literals::operator""sv;

std::optional<std::string_view> match(std::string_view pattern, std::string_view channel) {
  const auto parsed = ChannelPattern::parse(pattern);
  EXPECT_TRUE(parsed.has_value()) << pattern;
  return parsed ? parsed->match(channel) : std::nullopt;
}

TEST(ChannelPattern, AStarMatchesEveryNameWithItsPrefixAndNoOther) {
  EXPECT_EQ(match("orion.*", "orion.content.created"), "content.created");
  EXPECT_EQ(match("orion.*", "orion.x"), "x");
  EXPECT_EQ(match("orion.*", "orion."), "");
  EXPECT_EQ(match("orion.*", "orionx.y"), std::nullopt);
  EXPECT_EQ(match("orion.*", "other.z"), std::nullopt);
  EXPECT_EQ(match("orion.*", "orion"), std::nullopt);
  EXPECT_EQ(match("orion.*", ""), std::nullopt);
  EXPECT_EQ(match("orion.*", "Orion.x"), std::nullopt);
}

TEST(ChannelPattern, WithoutAStarMatchesOnlyItself) {
  EXPECT_EQ(match("service.broadcast", "service.broadcast"), "");
  EXPECT_EQ(match("service.broadcast", "service.broadcast2"), std::nullopt);
  EXPECT_EQ(match("service.broadcast", "service.broadcas"), std::nullopt);
}

TEST(ChannelPattern, TheStarMayStandAnywhere) {
  EXPECT_EQ(match("*", "anything at all"), "anything at all");
  EXPECT_EQ(match("*.created", "orion.created"), "orion");
  EXPECT_EQ(match("a*z", "a-z"), "-");
  EXPECT_EQ(match("a*z", "az"), "");
  EXPECT_EQ(match("a*a", "a"), std::nullopt);
  EXPECT_EQ(match("aba*aba", "ababa"), std::nullopt);
}

TEST(ChannelPattern, OtherGlobCharactersStandForThemselves) {
  EXPECT_EQ(match("a?[b]\\*", "a?[b]\\c"), "c");
  EXPECT_EQ(match("a?*", "abc"), std::nullopt);
  EXPECT_EQ(match("a.*", "a.*"), "*");
}

TEST(ChannelPattern, IsReservedWhereAllItsChannelsAre) {
  for (const auto text : {"carillon.*"sv, "carillon.x"sv, "carillon.*.x"sv, "carillon.probe.*"sv}) {
    EXPECT_TRUE(ChannelPattern::parse(text)->is_reserved()) << text;
  }
  for (const auto text : {"*"sv, "carillon*"sv, "car*"sv, "*.carillon.x"sv, "x.carillon.*"sv}) {
    EXPECT_FALSE(ChannelPattern::parse(text)->is_reserved()) << text;
  }
}

TEST(ChannelPattern, PutsTextInTheStarsPlace) {
  EXPECT_EQ(ChannelPattern::parse("a.*.z")->with_star("m*n"), "a.m*n.z");
  EXPECT_EQ(ChannelPattern::parse("*")->with_star(""), "");
  EXPECT_EQ(ChannelPattern::parse("plain")->with_star("x"), "plain");
}

TEST(ChannelPattern, WhatTheStarMatchedPointsIntoTheChannel) {
  const std::string channel = "orion.trend";
  const auto pattern = ChannelPattern::parse("orion.*");
  ASSERT_TRUE(pattern);
  EXPECT_EQ(pattern->match(channel)->data(), channel.data() + 6);
}

TEST(ChannelPattern, RefusesWhatCannotNameChannels) {
  for (const auto text : {""sv, "a*b*"sv, "**"sv, "a\nb"sv, "a\0"sv, "\xFF"sv}) {
    const auto parsed = ChannelPattern::parse(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_NE(parsed.error().message.find("channel pattern"), std::string::npos);
  }
}

TEST(ChannelPattern, HasAtMost255Bytes) {
  EXPECT_TRUE(ChannelPattern::parse(std::string(253, 'x') + "*"));
  EXPECT_TRUE(ChannelPattern::parse(std::string(254, 'x') + "*"));
  EXPECT_FALSE(ChannelPattern::parse(std::string(255, 'x') + "*"));
}

}  // namespace
}  // namespace carillon
