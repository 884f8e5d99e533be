// How a shutdown is paced; without a shard.
#include <gtest/gtest.h>

#include <limits>

#include "gateway/drain.h"

namespace carillon::gateway {
namespace {

constexpr MonoTime kStart{std::chrono::hours(1)};

TEST(DrainWindow, IsClientsDividedByTheRateUpToTheLongest) {
  EXPECT_EQ(drain_window(seconds(8), 0, 500), milliseconds(0));
  EXPECT_EQ(drain_window(seconds(8), 1, 500), milliseconds(2));
  EXPECT_EQ(drain_window(seconds(8), 3999, 500), milliseconds(7998));
  EXPECT_EQ(drain_window(seconds(8), 4000, 500), milliseconds(8000));
  EXPECT_EQ(drain_window(seconds(8), 4001, 500), milliseconds(8000));
  EXPECT_EQ(drain_window(milliseconds(10), 10'000, 500), milliseconds(10));
  EXPECT_EQ(drain_window(seconds(8), std::numeric_limits<std::uint64_t>::max(), 1), milliseconds(8000));
}

TEST(DrainPace, SpreadsTheClosesEvenlyOverTheWindow) {
  DrainPace pace(kStart, seconds(10), 1000);
  std::uint64_t closed = 0;
  for (int second = 1; second <= 10; ++second) {
    for (int step = 0; step < 50; ++step) {
      const auto now = kStart + seconds(second - 1) + milliseconds(20 * (step + 1));
      for (auto due = pace.due(now); due > 0; --due, ++closed) pace.on_closed();
      EXPECT_TRUE(pace.done() || pace.next_wake(now) == now + DrainPace::kStep);
    }
    EXPECT_EQ(closed, static_cast<std::uint64_t>(second) * 100);
  }
  EXPECT_TRUE(pace.done());
  EXPECT_EQ(pace.next_wake(kStart + seconds(10)), MonoTime::max());
}

TEST(DrainPace, ClosesABoundedNumberInATurnAndAsksForTheNextAtOnce) {
  DrainPace pace(kStart, milliseconds(0), DrainPace::kClosesATurn + 1);
  EXPECT_EQ(pace.due(kStart), DrainPace::kClosesATurn);
  for (std::uint64_t i = 0; i < DrainPace::kClosesATurn; ++i) pace.on_closed();
  EXPECT_FALSE(pace.done());
  EXPECT_EQ(pace.next_wake(kStart), kStart);
  EXPECT_EQ(pace.due(kStart), 1U);
  pace.on_closed();
  EXPECT_TRUE(pace.done());
}

TEST(DrainPace, ClientsReturnAsTheyAreClosedWhereTheWindowIsLongEnough) {
  DrainPace pace(kStart, seconds(10), 1000);
  for (int i = 0; i < 1000; ++i, pace.on_closed()) EXPECT_EQ(pace.return_delay(seconds(10)), seconds(1));
}

TEST(DrainPace, ClientsThatAreClosedTooFastReturnEvenlyOverTheLongerTime) {
  DrainPace pace(kStart, seconds(2), 1000);
  for (int i = 0; i < 1000; ++i, pace.on_closed()) {
    const auto closed_at = milliseconds(2 * i);
    EXPECT_EQ(closed_at + pace.return_delay(seconds(20)), seconds(1) + milliseconds(20 * i));
  }
  DrainPace at_once(kStart, milliseconds(0), 2);
  EXPECT_EQ(at_once.return_delay(seconds(4)), seconds(1));
  at_once.on_closed();
  EXPECT_EQ(at_once.return_delay(seconds(4)), seconds(3));
}

TEST(DrainPace, DoesNotWaitForClientsThatLeftByThemselves) {
  DrainPace pace(kStart, seconds(10), 1000);
  pace.on_no_client_left();
  EXPECT_TRUE(pace.done());
  EXPECT_EQ(pace.due(kStart + seconds(10)), 0U);
}

TEST(DrainEnd, ComesWhenNoClientIsLeftOrTwoSecondsAfterTheWindow) {
  const DrainEnd end(kStart, milliseconds(500), seconds(8));
  EXPECT_TRUE(end.is_over(kStart, 0, 0));
  EXPECT_FALSE(end.is_over(kStart, 1, 0));
  EXPECT_FALSE(end.is_over(kStart + milliseconds(2499), 1, 0));
  EXPECT_TRUE(end.is_over(kStart + milliseconds(2500), 1, 0));
}

TEST(DrainEnd, WaitsForAcceptedRequestsAsLongAsTheLongestWindow) {
  const DrainEnd end(kStart, milliseconds(0), seconds(8));
  EXPECT_FALSE(end.is_over(kStart + milliseconds(9999), 0, 1));
  EXPECT_FALSE(end.is_over(kStart + milliseconds(9999), 1, 1));
  EXPECT_TRUE(end.is_over(kStart + seconds(10), 0, 1));
}

}  // namespace
}  // namespace carillon::gateway
