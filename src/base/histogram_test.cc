#include "base/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace carillon {
namespace {

constexpr std::array<std::uint64_t, 3> kBounds{0, 10, 100};

TEST(Histogram, AValueCountsInTheFirstBucketThatIsNotBelowIt) {
  Histogram histogram(kBounds);
  for (const std::uint64_t value : {0U, 1U, 9U, 10U, 11U, 99U, 100U, 101U, 5000U}) histogram.add(value);
  EXPECT_EQ(histogram.count(0), 1U);
  EXPECT_EQ(histogram.count(1), 3U);
  EXPECT_EQ(histogram.count(2), 3U);
  EXPECT_EQ(histogram.count(3), 2U) << "without a bound";
  EXPECT_EQ(histogram.sum(), 0U + 1 + 9 + 10 + 11 + 99 + 100 + 101 + 5000);
}

TEST(Histogram, ATimeCountsInNanosecondsAndOneBelowZeroAsZero) {
  Histogram histogram(kTimeBounds);
  histogram.add(std::chrono::microseconds(50));
  histogram.add(-seconds(1));
  histogram.add(seconds(10));
  histogram.add(seconds(10) + std::chrono::nanoseconds(1));
  EXPECT_EQ(histogram.count(0), 2U);
  EXPECT_EQ(histogram.count(kTimeBounds.size() - 1), 1U);
  EXPECT_EQ(histogram.count(kTimeBounds.size()), 1U);
  EXPECT_EQ(histogram.sum(), 20'000'050'001U);
}

TEST(Histogram, TheBoundsAscend) {
  EXPECT_TRUE(std::is_sorted(kTimeBounds.begin(), kTimeBounds.end()));
  EXPECT_TRUE(std::is_sorted(kClientBounds.begin(), kClientBounds.end()));
}

}  // namespace
}  // namespace carillon
