#include "bus/backoff.h"

#include <gtest/gtest.h>

#include <vector>

namespace carillon::bus {
namespace {

constexpr MonoTime kStart{std::chrono::hours(1)};

MonoTime ready_connection_lost(Backoff& backoff, MonoTime now) {
  backoff.on_dial(now - seconds(60));
  backoff.on_ready(now - seconds(60));
  return backoff.on_failure(FaultKind::network, now);
}

// Dials until `end`; each fails after `takes`.
std::vector<MonoTime> dials(Backoff& backoff, MonoTime next, MonoTime end, MonoClock::duration takes,
                            FaultKind kind = FaultKind::network) {
  std::vector<MonoTime> times;
  while (next < end) {
    times.push_back(next);
    backoff.on_dial(next);
    next = backoff.on_failure(kind, next + takes);
  }
  times.push_back(next);
  return times;
}

TEST(Backoff, ABrokerDownFor60SecondsIsDialledAtMost40Times) {
  for (std::uint64_t seed = 0; seed < 5000; ++seed) {
    Backoff backoff({}, seed);
    const auto first = ready_connection_lost(backoff, kStart);
    EXPECT_LE(first - kStart, milliseconds(200));
    const auto times = dials(backoff, first, kStart + seconds(60), {});
    ASSERT_LE(times.size() - 1, 40U) << "seed " << seed;
    ASSERT_GE(times.size() - 1, 12U) << "seed " << seed;
  }
}

TEST(Backoff, ABrokerBackWithin4SecondsIsDialledWithinASecond) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    Backoff backoff({}, seed);
    const auto times =
        dials(backoff, ready_connection_lost(backoff, kStart), kStart + milliseconds(3990), milliseconds(2));
    MonoTime previous = kStart;
    for (const auto time : times) {
      ASSERT_LE(time - previous, milliseconds(910)) << "seed " << seed;
      previous = time;
    }
  }
}

TEST(Backoff, WaitsAtMostMaxAndNeverInATightLoop) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Backoff backoff({}, seed);
    const auto times = dials(backoff, kStart, kStart + std::chrono::hours(1), {});
    for (std::size_t i = 1; i < times.size(); ++i) ASSERT_LE(times[i] - times[i - 1], seconds(5));
    EXPECT_LT(times.size(), 3600U / 2);
  }
}

TEST(Backoff, ADialThatTookLongerThanItsWaitIsFollowedAtOnce) {
  Backoff backoff({}, 1);
  auto times = dials(backoff, kStart, kStart + seconds(40), seconds(5), FaultKind::silent);
  for (std::size_t i = 1; i < times.size(); ++i) EXPECT_LE(times[i] - times[i - 1], milliseconds(5100));
}

TEST(Backoff, AFaultThatNeedsAnOperatorIsRetriedSlowly) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Backoff backoff({}, seed);
    const auto times = dials(backoff, kStart, kStart + seconds(60), {}, FaultKind::denied);
    EXPECT_LE(times.size(), 14U);
    for (std::size_t i = 1; i < times.size(); ++i) {
      ASSERT_GE(times[i] - times[i - 1], seconds(5));
      ASSERT_LE(times[i] - times[i - 1], seconds(10));
    }
  }
}

TEST(Backoff, AStableConnectionResetsTheBackoff) {
  Backoff backoff({}, 3);
  const auto times = dials(backoff, kStart, kStart + seconds(60), {});
  const auto ready_at = times.back();
  backoff.on_dial(ready_at);
  backoff.on_ready(ready_at);
  const auto lost_at = ready_at + Backoff::kStable;
  EXPECT_LE(backoff.on_failure(FaultKind::network, lost_at) - lost_at, milliseconds(100));
  EXPECT_EQ(backoff.failures(), 1U);
}

TEST(Backoff, AConnectionKilledEverySecondIsBackWithinItsShortWait) {
  Backoff backoff({}, 4);
  MonoTime now = kStart;
  for (int i = 0; i < 300; ++i) {
    backoff.on_dial(now);
    backoff.on_ready(now);
    const auto lost = now + milliseconds(900);
    now = backoff.on_failure(FaultKind::network, lost);
    ASSERT_LE(now - lost, milliseconds(100));
  }
}

TEST(Backoff, ABrokerThatDropsEachConnectionAtOnceIsNotDialledInATightLoop) {
  Backoff backoff({}, 5);
  MonoTime now = kStart;
  int count = 0;
  for (; now < kStart + seconds(60); ++count) {
    backoff.on_dial(now);
    backoff.on_ready(now);
    now = backoff.on_failure(FaultKind::network, now + milliseconds(1));
  }
  EXPECT_LE(count, 40);
}

TEST(Backoff, OneSeedGivesOneSchedule) {
  Backoff one({}, 9);
  Backoff same({}, 9);
  Backoff other({}, 10);
  const auto times = dials(one, kStart, kStart + seconds(30), {});
  EXPECT_EQ(times, dials(same, kStart, kStart + seconds(30), {}));
  EXPECT_NE(times, dials(other, kStart, kStart + seconds(30), {}));
}

TEST(Backoff, ExtremeLimitsDoNotOverflow) {
  Backoff lazy({milliseconds(24 * 3600 * 1000), milliseconds(24 * 3600 * 1000)}, 1);
  Backoff eager({milliseconds(1), milliseconds(1)}, 1);
  MonoTime now = kStart;
  for (int i = 0; i < 100; ++i) {
    lazy.on_dial(now);
    eager.on_dial(now);
    EXPECT_LE(eager.on_failure(FaultKind::network, now) - now, milliseconds(2));
    EXPECT_LE(lazy.on_failure(FaultKind::network, now) - now, std::chrono::hours(25));
    now += seconds(1);
  }
}

}  // namespace
}  // namespace carillon::bus
