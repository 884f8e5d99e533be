#include "base/reserved_array.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace carillon {
namespace {

TEST(ReservedArray, GrowsInPlace) {
  ReservedArray<std::uint64_t, 1'000'000> array;
  EXPECT_EQ(array.size(), 0U);
  array.emplace_back() = 7;
  const std::uint64_t* const first = &array[0];
  for (std::uint64_t i = 1; i < 200'000; ++i) array.emplace_back() = i;
  EXPECT_EQ(first, &array[0]);
  EXPECT_EQ(array[0], 7U);
  EXPECT_EQ(array[199'999], 199'999U);
  EXPECT_EQ(array.end() - array.begin(), 200'000);
}

TEST(ReservedArray, HoldsAsManyAsItMayAndNotOneMore) {
  ReservedArray<std::uint32_t, 100'000> array;
  for (int i = 0; i < 100'000; ++i) array.emplace_back();
  EXPECT_THROW(array.emplace_back(), std::bad_alloc);
  EXPECT_EQ(array.size(), 100'000U);
}

TEST(ReservedArray, DestroysWhatItHolds) {
  struct Noting {
    ~Noting() {
      if (count) ++*count;
    }
    int* count = nullptr;
  };
  int destroyed = 0;
  {
    ReservedArray<Noting, 10> array;
    for (int i = 0; i < 3; ++i) array.emplace_back().count = &destroyed;
  }
  EXPECT_EQ(destroyed, 3);
}

}  // namespace
}  // namespace carillon
