#include "base/line_sampler.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace carillon {
namespace {

constexpr LineSampler::Limits kThreeASecond{3, seconds(1)};
const MonoTime kStart{seconds(100)};

TEST(LineSampler, AdmitsItsLimitInAnInterval) {
  LineSampler sampler(kThreeASecond);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(sampler.admit("a", kStart), 0U) << i;
  EXPECT_EQ(sampler.admit("a", kStart + milliseconds(999)), std::nullopt);
  EXPECT_EQ(sampler.suppressed(), 1U);
}

TEST(LineSampler, TheNextLineCountsTheSuppressedOnes) {
  LineSampler sampler(kThreeASecond);
  for (int i = 0; i < 20; ++i) sampler.admit("a", kStart);
  EXPECT_EQ(sampler.admit("a", kStart + seconds(1)), 17U);
  EXPECT_EQ(sampler.admit("a", kStart + seconds(1)), 0U) << "reported once";
  EXPECT_EQ(sampler.admit("a", kStart + seconds(60)), 0U);
  EXPECT_EQ(sampler.suppressed(), 17U);
}

// Regression: one reason in flood used up the lines of all the others.
TEST(LineSampler, AFloodOfOneKindDoesNotHideAnother) {
  LineSampler sampler(kThreeASecond);
  for (int i = 0; i < 1000; ++i) sampler.admit("flood", kStart);
  EXPECT_EQ(sampler.admit("rare", kStart), 0U);
  EXPECT_EQ(sampler.admit("rare", kStart + seconds(1)), 0U);
  EXPECT_EQ(sampler.admit("flood", kStart + seconds(1)), 997U);
}

TEST(LineSampler, KindsBeyondTheLimitShareOneAllowance) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < LineSampler::kKindsMax + 2; ++i) names.push_back("kind" + std::to_string(i));
  LineSampler sampler({1, seconds(1)});
  for (std::size_t i = 0; i < LineSampler::kKindsMax; ++i) EXPECT_EQ(sampler.admit(names[i], kStart), 0U);
  EXPECT_EQ(sampler.admit(names[LineSampler::kKindsMax], kStart), 0U);
  EXPECT_EQ(sampler.admit(names[LineSampler::kKindsMax + 1], kStart), std::nullopt);
  EXPECT_EQ(sampler.admit(names[0], kStart), std::nullopt);
}

TEST(LineSampler, TheFirstEventOfAProcessIsLogged) {
  LineSampler sampler(kThreeASecond);
  EXPECT_EQ(sampler.admit("a", MonoTime{}), 0U);
}

}  // namespace
}  // namespace carillon
