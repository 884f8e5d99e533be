#include "base/descriptor_table.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <thread>

namespace carillon {
namespace {

// A container without CAP_SYS_ADMIN forbids it: then both return false, and the table stays shared.
TEST(DescriptorTable, WhatAThreadClosesInItsOwnStaysOpenInTheOthers) {
  const bool allowed = can_unshare_descriptors();
  const int fd = ::eventfd(0, EFD_CLOEXEC);
  std::thread([fd, allowed] {
    EXPECT_EQ(unshare_descriptors(), allowed);
    ::close(fd);
  }).join();
  const std::uint64_t one = 1;
  EXPECT_EQ(::write(fd, &one, sizeof one) == 8, allowed);
  if (allowed) ::close(fd);
}

TEST(DescriptorTable, AskingWhetherItIsAllowedLeavesTheCallersTableShared) {
  can_unshare_descriptors();
  const int fd = ::eventfd(0, EFD_CLOEXEC);
  std::thread([fd] { ::close(fd); }).join();
  const std::uint64_t one = 1;
  EXPECT_EQ(::write(fd, &one, sizeof one), -1);
}

}  // namespace
}  // namespace carillon
