#include "loadgen/process.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace carillon::loadgen {
namespace {

TEST(Process, ReadsWhatIsResident) {
  EXPECT_EQ(resident_bytes_in("Name:\tx\nVmRSS:\t    1234 kB\nThreads:\t1\n"), 1234u * 1024);
  EXPECT_EQ(resident_bytes_in("Name:\tx\n"), std::nullopt);
  EXPECT_EQ(resident_bytes_in("VmRSS: x"), std::nullopt);
}

TEST(Process, MeasuresItself) {
  const std::array self{::getpid()};
  const auto before = usage_of(self);
  ASSERT_TRUE(before);
  EXPECT_GT(before->rss_bytes, 100'000u);
  const std::uint64_t enough = thread_cpu_ns() + 20'000'000;
  while (thread_cpu_ns() < enough) {
  }
  EXPECT_GT(usage_of(self)->cpu_ns, before->cpu_ns);
}

TEST(Process, IsEmptyForAMissingProcess) {
  const std::array no_such_process{pid_t{2'000'000'000}};
  EXPECT_EQ(usage_of(no_such_process), std::nullopt);
}

TEST(Process, ACoreThatIsNotThereCannotBePinnedTo) {
  EXPECT_FALSE(pin_to_core(-1));
  EXPECT_FALSE(pin_to_core(100'000));
}

}  // namespace
}  // namespace carillon::loadgen
