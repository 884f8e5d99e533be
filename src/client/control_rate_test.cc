// The token bucket of each client for control frames.
#include "client/control_rate.h"

#include <gtest/gtest.h>

namespace carillon::client {
namespace {

constexpr ControlRate::Limit kControlLimit{.per_second = 100, .burst = 200};
constexpr MonoTime kControlStart{seconds(1000)};

int admitted(ControlRate& rate, int frames, MonoTime now, std::uint32_t client = 1) {
  int count = 0;
  for (int i = 0; i < frames; ++i) count += rate.admit(client, kControlLimit, now) ? 1 : 0;
  return count;
}

TEST(ControlRate, AdmitsTheBurstAtOnceAndNothingMore) {
  for (const int frames : {199, 200, 201}) {
    ControlRate rate;
    EXPECT_EQ(admitted(rate, frames, kControlStart), std::min(frames, 200));
  }
}

TEST(ControlRate, AdmitsTheRateAfterTheBurst) {
  ControlRate rate;
  admitted(rate, 1000, kControlStart);
  EXPECT_EQ(admitted(rate, 1000, kControlStart + milliseconds(9)), 0);
  EXPECT_EQ(admitted(rate, 1000, kControlStart + milliseconds(10)), 1);
  EXPECT_EQ(admitted(rate, 1000, kControlStart + milliseconds(1010)), 100);
  EXPECT_EQ(admitted(rate, 1000, kControlStart + seconds(100)), 200)
      << "the bucket holds no more than the burst";
}

TEST(ControlRate, ASteadyClientAtTheRateIsNeverRefused) {
  ControlRate rate;
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(rate.admit(1, kControlLimit, kControlStart + milliseconds(10) * i)) << i;
  }
}

TEST(ControlRate, EachClientHasItsOwnBucket) {
  ControlRate rate;
  EXPECT_EQ(admitted(rate, 500, kControlStart, 1), 200);
  EXPECT_EQ(admitted(rate, 500, kControlStart, 2), 200);
  rate.forget(1);
  EXPECT_EQ(admitted(rate, 500, kControlStart, 1), 200) << "the next client with this number begins anew";
}

TEST(ControlRate, AClientWhoseBucketIsFullCostsNothing) {
  ControlRate rate;
  for (std::uint32_t client = 0; client < 1000; ++client) rate.admit(client, kControlLimit, kControlStart);
  admitted(rate, 100, kControlStart, 5000);
  EXPECT_EQ(rate.clients(), 1001U);
  rate.sweep(kControlStart + milliseconds(10));
  EXPECT_EQ(rate.clients(), 1U);
  rate.sweep(kControlStart + seconds(2));
  EXPECT_EQ(rate.clients(), 0U);
}

}  // namespace
}  // namespace carillon::client
