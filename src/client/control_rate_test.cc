// The token bucket of each client for control frames.
#include "client/control_rate.h"

#include <gtest/gtest.h>

namespace carillon::client {
namespace {

constexpr ControlRate::Limit kLimit{.per_second = 100, .burst = 200};
constexpr MonoTime kStart{seconds(1000)};

int admitted(ControlRate& rate, int frames, MonoTime now, std::uint32_t client = 1) {
  int count = 0;
  for (int i = 0; i < frames; ++i) count += rate.admit(client, kLimit, now) ? 1 : 0;
  return count;
}

TEST(ControlRate, AdmitsTheBurstAtOnceAndNothingMore) {
  for (const int frames : {199, 200, 201}) {
    ControlRate rate;
    EXPECT_EQ(admitted(rate, frames, kStart), std::min(frames, 200));
  }
}

TEST(ControlRate, AdmitsTheRateAfterTheBurst) {
  ControlRate rate;
  admitted(rate, 1000, kStart);
  EXPECT_EQ(admitted(rate, 1000, kStart + milliseconds(9)), 0);
  EXPECT_EQ(admitted(rate, 1000, kStart + milliseconds(10)), 1);
  EXPECT_EQ(admitted(rate, 1000, kStart + milliseconds(1010)), 100);
  EXPECT_EQ(admitted(rate, 1000, kStart + seconds(100)), 200) << "the bucket holds no more than the burst";
}

TEST(ControlRate, ASteadyClientAtTheRateIsNeverRefused) {
  ControlRate rate;
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(rate.admit(1, kLimit, kStart + milliseconds(10) * i)) << i;
  }
}

TEST(ControlRate, EachClientHasItsOwnBucket) {
  ControlRate rate;
  EXPECT_EQ(admitted(rate, 500, kStart, 1), 200);
  EXPECT_EQ(admitted(rate, 500, kStart, 2), 200);
  rate.forget(1);
  EXPECT_EQ(admitted(rate, 500, kStart, 1), 200) << "the next client with this number begins anew";
}

TEST(ControlRate, AClientWhoseBucketIsFullCostsNothing) {
  ControlRate rate;
  for (std::uint32_t client = 0; client < 1000; ++client) rate.admit(client, kLimit, kStart);
  admitted(rate, 100, kStart, 5000);
  EXPECT_EQ(rate.clients(), 1001U);
  rate.sweep(kStart + milliseconds(10));
  EXPECT_EQ(rate.clients(), 1U);
  rate.sweep(kStart + seconds(2));
  EXPECT_EQ(rate.clients(), 0U);
}

}  // namespace
}  // namespace carillon::client
