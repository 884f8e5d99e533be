#include "reactor/descriptor_budget.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "reactor/spare_descriptor.h"

namespace carillon::reactor {
namespace {

int lowest_free() {
  const FileDescriptor opened(::dup(2));
  return opened.get();
}

TEST(DescriptorBudget, ClientsTakeAllButTheReserveAndNotOneMore) {
  DescriptorBudget budget(20, 16);
  for (int i = 0; i < 128 - 20 - 16 - 1; ++i) budget.add_client();
  EXPECT_TRUE(budget.has_room(128));
  budget.add_client();
  EXPECT_FALSE(budget.has_room(128));
  budget.add_client();
  EXPECT_FALSE(budget.has_room(128));
  EXPECT_TRUE(budget.has_room(130)) << "the limit was raised";
  budget.remove_client();
  budget.remove_client();
  EXPECT_TRUE(budget.has_room(128));
}

TEST(DescriptorBudget, ALoweredLimitAdmitsNoClientUntilEnoughHaveLeft) {
  DescriptorBudget budget(20, 16);
  for (int i = 0; i < 150; ++i) budget.add_client();
  EXPECT_FALSE(budget.has_room(100));
  EXPECT_FALSE(budget.has_room(10)) << "fewer than are open without any client";
  for (int i = 0; i < 150 - (100 - 20 - 16) + 1; ++i) budget.remove_client();
  EXPECT_TRUE(budget.has_room(100));
}

TEST(DescriptorBudget, UnderATinyLimitMostOfWhatIsLeftIsForClients) {
  DescriptorBudget budget(20, 16);
  EXPECT_EQ(budget.reserve_of(40), 5U);
  for (int i = 0; i < 14; ++i) budget.add_client();
  EXPECT_TRUE(budget.has_room(40));
  budget.add_client();
  EXPECT_FALSE(budget.has_room(40));
}

TEST(DescriptorBudget, WithoutALimitThatIsKnownItBoundsNothing) {
  DescriptorBudget budget;
  budget.add_client();
  EXPECT_TRUE(budget.has_room(0));
}

TEST(DescriptorBudget, WarnsOnceAMinuteWhicheverShardAsks) {
  DescriptorBudget budget(20, 16);
  const MonoTime start{};
  EXPECT_TRUE(budget.should_warn(start));
  EXPECT_FALSE(budget.should_warn(start + seconds(59)));
  EXPECT_TRUE(budget.should_warn(start + seconds(60)));
  EXPECT_FALSE(budget.should_warn(start + seconds(61)));
}

TEST(SpareDescriptor, ALeaseFreesOneDescriptorAndGivesItBack) {
  SpareDescriptor spare;
  spare.open();
  const int without = lowest_free();
  {
    const SpareDescriptor::Lease lease = spare.lend();
    EXPECT_TRUE(spare.is_lent());
    EXPECT_LT(lowest_free(), without);
  }
  EXPECT_FALSE(spare.is_lent());
  EXPECT_EQ(lowest_free(), without);
}

}  // namespace
}  // namespace carillon::reactor
