#include "client/body_budget.h"

#include <gtest/gtest.h>

#include "http/body_pace.h"

namespace carillon::client {
namespace {

TEST(BodyBudget, AllowsUpToTheLimit) {
  for (const std::uint64_t bytes : {99U, 100U, 101U}) {
    BodyBudget budget(100);
    EXPECT_EQ(budget.try_take(bytes), bytes <= 100);
    EXPECT_EQ(budget.bytes(), bytes <= 100 ? bytes : 0);
  }
}

TEST(BodyBudget, IsSharedByAllRequests) {
  BodyBudget budget(100);
  BodyShare one;
  BodyShare other;
  EXPECT_TRUE(one.try_hold(budget, 60));
  EXPECT_FALSE(other.try_hold(budget, 41));
  EXPECT_TRUE(other.try_hold(budget, 40));
  EXPECT_FALSE(one.try_hold(budget, 61));
  EXPECT_EQ(one.bytes(), 60U);
  EXPECT_TRUE(one.try_hold(budget, 10));  // the rest has gone on
  EXPECT_EQ(budget.bytes(), 50U);
}

TEST(BodyBudget, GetsAShareBackOnce) {
  BodyBudget budget(100);
  {
    BodyShare share;
    EXPECT_TRUE(share.try_hold(budget, 60));
    BodyShare moved = std::move(share);
    share.release();  // NOLINT(bugprone-use-after-move): it holds nothing any more
    EXPECT_EQ(budget.bytes(), 60U);
    moved.release();
    moved.release();
    EXPECT_EQ(budget.bytes(), 0U);
    EXPECT_TRUE(moved.try_hold(budget, 100));
    moved = BodyShare();
    EXPECT_EQ(budget.bytes(), 0U);
    EXPECT_TRUE(moved.try_hold(budget, 7));
  }
  EXPECT_EQ(budget.bytes(), 0U);
}

TEST(BodyBudget, AllowsNothingWhileItIsClosed) {
  BodyBudget budget(100);
  EXPECT_TRUE(budget.try_take(1));
  budget.set_open(false);
  EXPECT_FALSE(budget.try_take(1));
  budget.set_open(true);
  EXPECT_TRUE(budget.try_take(1));
}

TEST(BodyBudget, IsByDefaultAnEighthOfTheMemoryUpTo64MiBAndRoomForOneBody) {
  constexpr std::uint64_t kMiB = 1024 * 1024;
  EXPECT_EQ(default_bodies_bytes_max(kMiB, 16 * 1024 * kMiB), 64 * kMiB);
  EXPECT_EQ(default_bodies_bytes_max(kMiB, 512 * kMiB), 64 * kMiB);
  EXPECT_EQ(default_bodies_bytes_max(kMiB, 128 * kMiB), 16 * kMiB);
  EXPECT_EQ(default_bodies_bytes_max(64 * kMiB, 128 * kMiB), 64 * kMiB);
}

TEST(BodyPace, RequiresTheMinimumInEachPeriodAndNotOnAverage) {
  for (const std::uint64_t first : {99U, 100U, 101U}) {
    http::BodyPace pace;
    EXPECT_EQ(pace.keeps_up(first, 100), first >= 100);
  }
  http::BodyPace pace;
  EXPECT_TRUE(pace.keeps_up(1'000'000, 100));
  EXPECT_FALSE(pace.keeps_up(1'000'099, 100));  // all of it at first, then a drip
  EXPECT_TRUE(pace.keeps_up(1'000'199, 100));
}

}  // namespace
}  // namespace carillon::client
