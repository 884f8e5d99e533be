#include "base/soft_allocation.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/memory_reserve.h"
#include "base/testing/allocation_ceiling.h"

namespace carillon {
namespace {

using testing::AllocationCeiling;

constexpr std::size_t kSmall = soft_allocation::kSmallBytes;
constexpr std::size_t kLarge = kSmall + 1;

TEST(SoftAllocation, FailsWithFalseAndLeavesTheBufferAsItWas) {
  std::string text = "kept";
  EXPECT_FALSE(try_reserve(text, text.max_size()));      // no machine has that much
  EXPECT_FALSE(try_reserve(text, text.max_size() + 1));  // and no string may be that long
  EXPECT_EQ(text, "kept");
  const AllocationCeiling ceiling(1000);
  EXPECT_FALSE(try_append(text, std::string(2000, 'x')));
  EXPECT_EQ(text, "kept");
  EXPECT_TRUE(try_append(text, std::string(900, 'x')));
  EXPECT_EQ(text.size(), 904U);
}

TEST(SoftAllocation, ReservesExactly) {
  for (const std::size_t bytes : {1000U, 1500U, 1501U}) {
    std::vector<char> buffer(1000, 'x');
    EXPECT_TRUE(try_reserve(buffer, bytes));
    EXPECT_EQ(buffer.capacity(), bytes);
    EXPECT_EQ(buffer, std::vector<char>(1000, 'x'));
  }
}

TEST(SoftAllocation, GrowsByDoublingUpToTheMost) {
  std::string text;
  const std::string piece(100, 'x');
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(try_append(text, piece, 1000));
    EXPECT_LE(text.capacity(), std::max<std::size_t>(2 * text.size(), 30));
  }
  EXPECT_EQ(text.capacity(), 1000U);
  EXPECT_TRUE(try_append(text, "x", 1000));  // the caller bounds the size, not this
  EXPECT_EQ(text.size(), 1001U);
}

TEST(SoftAllocation, MakesRoomByDoubling) {
  std::string text(100, 'x');
  EXPECT_TRUE(try_make_room(text, 0));
  const std::size_t before = text.capacity();
  EXPECT_TRUE(try_make_room(text, before));
  EXPECT_GE(text.capacity(), 2 * before);
  EXPECT_EQ(text.size(), 100U);
  // Not by a size that no machine has: the sanitizers' operator new ends the process there.
  const AllocationCeiling ceiling(1000);
  EXPECT_FALSE(try_make_room(text, 10'000));
}

TEST(SoftAllocation, MarksItsThreadOnlyWhileItRuns) {
  EXPECT_FALSE(soft_allocation::Scope::is_open());
  EXPECT_TRUE(try_allocate(kLarge, [] { EXPECT_TRUE(soft_allocation::Scope::is_open()); }));
  EXPECT_TRUE(try_allocate(kSmall, [] { EXPECT_FALSE(soft_allocation::Scope::is_open()); }));
  EXPECT_FALSE(try_allocate(kLarge, [] { throw std::bad_alloc(); }));
  EXPECT_FALSE(soft_allocation::Scope::is_open());
}

// Calls the handler as operator new does when the system gives nothing.
void run_out_of_memory() { std::get_new_handler()(); }

TEST(MemoryReserve, IsGivenBackOnceWhenMemoryRunsOut) {
  MemoryReserve reserve(1 << 20);
  EXPECT_FALSE(reserve.is_used_up());
  run_out_of_memory();
  EXPECT_TRUE(reserve.is_used_up());
  EXPECT_THROW(run_out_of_memory(), std::bad_alloc);
  EXPECT_TRUE(reserve.try_refill());
  EXPECT_FALSE(reserve.is_used_up());
  run_out_of_memory();
  EXPECT_TRUE(reserve.is_used_up());
}

TEST(MemoryReserve, IsNotForSoftAllocations) {
  MemoryReserve reserve(1 << 20);
  EXPECT_FALSE(try_allocate(kLarge, run_out_of_memory));
  EXPECT_FALSE(reserve.is_used_up());
  EXPECT_TRUE(try_allocate(kSmall, run_out_of_memory));
  EXPECT_TRUE(reserve.is_used_up());
}

// 1,000 bodies would otherwise take within a moment what was given back for the small allocations.
TEST(MemoryReserve, ThatIsUsedUpIsNotForSoftAllocationsEither) {
  MemoryReserve reserve(1 << 20);
  run_out_of_memory();
  EXPECT_FALSE(try_allocate(kLarge, [] {}));
  EXPECT_TRUE(try_allocate(kSmall, [] {}));
  EXPECT_TRUE(reserve.try_refill());
  EXPECT_TRUE(try_allocate(kLarge, [] {}));
}

TEST(MemoryReserve, LeavesNoHandlerBehind) {
  { const MemoryReserve reserve(1 << 20); }
  EXPECT_EQ(std::get_new_handler(), nullptr);
}

TEST(MemoryReserve, ThatCannotBeHadIsUsedUpFromTheStart) {
  MemoryReserve reserve(std::size_t{1} << 62);
  EXPECT_TRUE(reserve.is_used_up());
  EXPECT_FALSE(reserve.try_refill());
  EXPECT_TRUE(reserve.is_used_up());
}

}  // namespace
}  // namespace carillon
