#include "base/descriptor_table.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <thread>

namespace carillon {
namespace {

TEST(DescriptorTable, WhatAThreadClosesInItsOwnStaysOpenInTheOthers) {
  if (!can_unshare_descriptors()) return;
  const int fd = ::eventfd(0, EFD_CLOEXEC);
  std::thread([fd] {
    EXPECT_TRUE(unshare_descriptors());
    ::close(fd);
  }).join();
  const std::uint64_t one = 1;
  EXPECT_EQ(::write(fd, &one, sizeof one), 8) << "it was closed here too";
  ::close(fd);
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
