#include "loadgen/histogram.h"

#include <gtest/gtest.h>

namespace carillon::loadgen {
namespace {

TEST(Histogram, AnEmptyOneAnswersZero) {
  const Histogram none;
  EXPECT_EQ(none.count(), 0u);
  EXPECT_EQ(none.percentile_us(50), 0u);
  EXPECT_EQ(none.max_us(), 0u);
  EXPECT_EQ(none.mean_us(), 0);
}

TEST(Histogram, IsExactBelowTwoMilliseconds) {
  for (std::uint64_t us : {0u, 1u, 2u, 1023u, 1024u, 2047u}) {
    EXPECT_EQ(Histogram::bucket_of(us), us);
    EXPECT_EQ(Histogram::highest_us(us), us);
  }
}

TEST(Histogram, BucketsTouchWithoutGapOrOverlapUpToAnHour) {
  const std::size_t last = Histogram::bucket_of(Histogram::kMax_us);
  for (std::size_t bucket = 0; bucket < last; ++bucket) {
    const std::uint64_t end = Histogram::highest_us(bucket);
    ASSERT_EQ(Histogram::bucket_of(end), bucket);
    ASSERT_EQ(Histogram::bucket_of(end + 1), bucket + 1);
  }
}

TEST(Histogram, ABucketIsAtMostAThousandthWide) {
  for (std::uint64_t us = Histogram::kExactBelow_us; us < Histogram::kMax_us; us = us * 3 / 2 + 1) {
    const std::uint64_t end = Histogram::highest_us(Histogram::bucket_of(us));
    ASSERT_GE(end, us);
    ASSERT_LE(end - us, us / 1000) << us;
  }
}

TEST(Histogram, CountsTheEdgesOfItsRange) {
  Histogram times;
  times.record(std::chrono::nanoseconds(-5));
  times.record(std::chrono::nanoseconds(999));
  times.record_us(Histogram::kMax_us);
  times.record_us(Histogram::kMax_us + 1);
  times.record(std::chrono::hours(48));
  EXPECT_EQ(times.count(), 5u);
  EXPECT_EQ(times.percentile_us(0), 0u);
  EXPECT_EQ(times.percentile_us(40), 0u);
  EXPECT_EQ(times.percentile_us(41), Histogram::kMax_us);
  EXPECT_EQ(times.max_us(), Histogram::kMax_us);
}

TEST(Histogram, PercentilesAreTheRankedValues) {
  Histogram times;
  for (std::uint64_t us = 1; us <= 1000; ++us) times.record_us(us);
  EXPECT_EQ(times.percentile_us(0), 1u);
  EXPECT_EQ(times.percentile_us(50), 500u);
  EXPECT_EQ(times.percentile_us(50.05), 501u);
  EXPECT_EQ(times.percentile_us(99), 990u);
  EXPECT_EQ(times.percentile_us(99.9), 999u);
  EXPECT_EQ(times.percentile_us(100), 1000u);
  EXPECT_DOUBLE_EQ(times.mean_us(), 500.5);
}

TEST(Histogram, APercentileNeverExceedsTheLargestValue) {
  Histogram times;
  times.record_us(1'000'001);
  EXPECT_EQ(times.percentile_us(50), 1'000'001u);
}

TEST(Histogram, MergingIsRecordingBoth) {
  Histogram all;
  Histogram odd;
  Histogram even;
  for (std::uint64_t us = 1; us < 5'000'000; us = us * 5 / 4 + 1) {
    all.record_us(us);
    (us % 2 == 1 ? odd : even).record_us(us);
  }
  odd.merge(even);
  EXPECT_EQ(odd.count(), all.count());
  EXPECT_EQ(odd.max_us(), all.max_us());
  EXPECT_EQ(odd.mean_us(), all.mean_us());
  for (double percent : {1.0, 25.0, 50.0, 75.0, 99.0}) {
    EXPECT_EQ(odd.percentile_us(percent), all.percentile_us(percent));
  }
}

TEST(Histogram, ClearForgetsAll) {
  Histogram times;
  times.record_us(7);
  times.clear();
  EXPECT_EQ(times.count(), 0u);
  EXPECT_EQ(times.percentile_us(100), 0u);
}

}  // namespace
}  // namespace carillon::loadgen
