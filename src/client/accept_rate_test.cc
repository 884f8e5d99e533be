#include "client/accept_rate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <thread>
#include <vector>

namespace carillon::client {
namespace {

using config::Limit;

constexpr MonoTime kRateStart{std::chrono::hours(1)};

int admitted(AcceptRate& rate, MonoTime now, int asked) {
  int count = 0;
  for (int i = 0; i < asked; ++i) count += rate.try_admit(now) ? 1 : 0;
  return count;
}

TEST(AcceptRate, AdmitsExactlyTheLimitAtOnce) {
  for (const int limit : {1, 2, 3, 7, 1000, 999'999, 1'000'000}) {
    AcceptRate rate(Limit::of(static_cast<std::uint64_t>(limit)), 1);
    EXPECT_EQ(admitted(rate, kRateStart, limit - 1), limit - 1);
    EXPECT_TRUE(rate.try_admit(kRateStart)) << limit;
    EXPECT_FALSE(rate.try_admit(kRateStart)) << limit;
  }
}

TEST(AcceptRate, AdmitsOneMoreEachTimeThatItsPartOfASecondHasPassed) {
  AcceptRate rate(Limit::of(4), 1);
  EXPECT_EQ(admitted(rate, kRateStart, 10), 4);
  EXPECT_EQ(admitted(rate, kRateStart + milliseconds(249), 10), 0);
  EXPECT_EQ(admitted(rate, kRateStart + milliseconds(250), 10), 1);
  EXPECT_EQ(admitted(rate, kRateStart + milliseconds(1000), 10), 3);
  EXPECT_EQ(admitted(rate, kRateStart + seconds(100), 10), 4) << "no more than a second's worth is saved";
}

TEST(AcceptRate, OverAMinuteAdmitsTheRateAndABurst) {
  AcceptRate rate(Limit::of(100), 1);
  int total = 0;
  for (int ms = 0; ms < 60'000; ms += 5) total += admitted(rate, kRateStart + milliseconds(ms), 3);
  EXPECT_NEAR(total, 60 * 100 + 100, 2);
}

TEST(AcceptRate, OffAdmitsAll) {
  AcceptRate rate(Limit::off(), 1);
  EXPECT_EQ(admitted(rate, kRateStart, 100'000), 100'000);
  EXPECT_TRUE(rate.try_shake_hands(kRateStart));
}

TEST(AcceptRate, ANewLimitAppliesAtOnce) {
  AcceptRate rate(Limit::of(2), 1);
  EXPECT_EQ(admitted(rate, kRateStart, 10), 2);
  rate.set_limit(Limit::of(1000));
  EXPECT_GT(admitted(rate, kRateStart + milliseconds(10), 10), 0)
      << "it waits for what the old one had admitted";
  rate.set_limit(Limit::off());
  EXPECT_EQ(admitted(rate, kRateStart, 10), 10);
}

TEST(AcceptRate, TwiceAsManyTlsHandshakesAreBegunAndTheyTakeNothingFromUpgrades) {
  AcceptRate rate(Limit::of(3), 1);
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(rate.try_shake_hands(kRateStart)) << i;
  EXPECT_FALSE(rate.try_shake_hands(kRateStart));
  EXPECT_EQ(admitted(rate, kRateStart, 10), 3);
}

// The clocks of two shards differ by a turn of their loops.
TEST(AcceptRate, AClockThatIsALittleBehindAdmitsNoMore) {
  AcceptRate rate(Limit::of(2), 1);
  EXPECT_EQ(admitted(rate, kRateStart, 1), 1);
  EXPECT_EQ(admitted(rate, kRateStart - milliseconds(1), 1), 0);
  EXPECT_EQ(admitted(rate, kRateStart, 10), 1);
}

TEST(AcceptRate, ThreadsTogetherAdmitTheLimit) {
  AcceptRate rate(Limit::of(1000), 1);
  std::atomic<int> total{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { total += admitted(rate, kRateStart, 1000); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(total, 1000);
}

// How many clients come back in which second, when all of them are refused at the same moment.
std::map<std::uint32_t, int> returns(int clients, int limit, std::uint64_t seed) {
  AcceptRate rate(Limit::of(static_cast<std::uint64_t>(limit)), seed);
  std::map<std::uint32_t, int> by_second;
  for (int i = 0; i < clients; ++i) ++by_second[rate.retry_after_s(kRateStart)];
  return by_second;
}

TEST(AcceptRate, RefusedClientsReturnAtARateThatIsAdmitted) {
  for (const int clients : {100, 1000, 10'000, 15'000}) {
    const auto by_second = returns(clients, 1000, 1);
    EXPECT_GE(by_second.begin()->first, 1U);
    EXPECT_LE(by_second.rbegin()->first, 30U);
    for (const auto& [second, count] : by_second) {
      EXPECT_LE(count, 1050) << clients << " clients, second " << second;
    }
    EXPECT_LE(by_second.rbegin()->first, static_cast<std::uint32_t>(2 + clients * 3 / 2 / 1000)) << clients;
    EXPECT_GE(by_second.rbegin()->first, static_cast<std::uint32_t>(clients * 5 / 4 / 1000)) << clients;
  }
}

// Their queue would be 100 s long. The first 20,000 take places in it; the others are spread.
TEST(AcceptRate, ClientsBeyondTheLongestWaitAreSpreadOverAllOfIt) {
  const auto by_second = returns(100'000, 1000, 1);
  EXPECT_EQ(by_second.begin()->first, 1U);
  EXPECT_EQ(by_second.rbegin()->first, 30U);
  EXPECT_EQ(by_second.size(), 30U);
  for (const auto& [second, count] : by_second) EXPECT_LE(count, 2 * 100'000 / 30) << second;
}

TEST(AcceptRate, TheQueueOfReturningClientsAdvances) {
  AcceptRate rate(Limit::of(1), 1);
  for (int i = 0; i < 10; ++i) rate.retry_after_s(kRateStart);
  EXPECT_GE(rate.retry_after_s(kRateStart), 11U);
  EXPECT_LE(rate.retry_after_s(kRateStart + seconds(60)), 3U);
}

TEST(AcceptRate, TheSeedDecidesTheWaits) {
  EXPECT_EQ(returns(5000, 100, 1), returns(5000, 100, 1));
  EXPECT_NE(returns(5000, 100, 1), returns(5000, 100, 2));
}

}  // namespace
}  // namespace carillon::client
