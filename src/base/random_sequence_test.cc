#include "base/random_sequence.h"

#include <gtest/gtest.h>

#include <array>

namespace carillon {
namespace {

TEST(RandomSequence, ASeedDecidesItsNumbers) {
  RandomSequence one(7);
  RandomSequence same(7);
  RandomSequence other(8);
  bool all_equal = true;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t number = one.next();
    EXPECT_EQ(number, same.next());
    all_equal = all_equal && number == other.next();
  }
  EXPECT_FALSE(all_equal);
}

TEST(RandomSequence, NumbersUpToALimitReachItAndAreEvenlySpread) {
  RandomSequence sequence(1);
  std::array<int, 10> counts{};
  for (int i = 0; i < 10'000; ++i) ++counts.at(sequence.up_to(9));
  for (const int count : counts) EXPECT_NEAR(count, 1000, 150);
  EXPECT_EQ(sequence.up_to(0), 0U);
}

}  // namespace
}  // namespace carillon
