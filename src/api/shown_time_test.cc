#include "api/shown_time.h"

#include <gtest/gtest.h>

namespace carillon::api {
namespace {

constexpr MonoTime kStart{std::chrono::hours(1)};
constexpr WallTime kWall{std::chrono::seconds(1'767'225'600)};  // 2026-01-01Z

TEST(ShownTime, IsTheTimeThatWasNotedWhileTheClocksAgreeWithinASecond) {
  for (const auto drift : {milliseconds(-1000), milliseconds(-1), milliseconds(0), milliseconds(1000)}) {
    EXPECT_EQ(shown_time({kWall, kStart}, {kWall + seconds(60) + drift, kStart + seconds(60)}), kWall);
  }
}

TEST(ShownTime, FollowsTheWallClockWhenThatWasSet) {
  const WallTime before_ntp{seconds(5)};  // 1970-01-01T00:00:05Z
  EXPECT_EQ(shown_time({before_ntp, kStart}, {kWall, kStart + seconds(60)}), kWall - seconds(60));
  for (const auto step : {seconds(-3600), seconds(3600)}) {
    EXPECT_EQ(shown_time({kWall, kStart}, {kWall + step + seconds(60), kStart + seconds(60)}), kWall + step);
  }
  EXPECT_EQ(shown_time({kWall, kStart}, {kWall + milliseconds(1001), kStart}), kWall + milliseconds(1001));
}

}  // namespace
}  // namespace carillon::api
