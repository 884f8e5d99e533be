#include "base/process_usage.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/time.h"

namespace carillon {
namespace {

namespace fs = std::filesystem;

class ProcessUsageTest : public ::testing::Test {
 protected:
  ProcessUsageTest() { fs::create_directories(root_ / "proc/self/fd"); }
  ~ProcessUsageTest() override { fs::remove_all(root_); }
  void write(const char* file, const std::string& text) const { std::ofstream(root_ / file) << text; }

  const fs::path root_ = fs::temp_directory_path() / ("process-usage-" + std::to_string(::getpid()));
};

TEST_F(ProcessUsageTest, ReadsTheFieldsBehindANameWithBlanksAndParentheses) {
  write("proc/self/stat", "7 (a) b) S 1 7 7 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 9 0 3000 4096000 25 0\n");
  write("proc/stat", "cpu 1 2 3\nbtime 1700000000\nprocesses 5\n");
  const ProcessUsage usage = read_process_usage(root_.string());
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  EXPECT_DOUBLE_EQ(usage.cpu_seconds, 200 / ticks);
  EXPECT_DOUBLE_EQ(usage.start_time_s, 1700000000 + 3000 / ticks);
  EXPECT_EQ(usage.threads, 9U);
  EXPECT_EQ(usage.virtual_bytes, 4096000U);
  EXPECT_EQ(usage.resident_bytes, 25U * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
}

TEST_F(ProcessUsageTest, WhatCannotBeReadIsZero) {
  for (const char* text : {"", "7", "7 (a", "7 (a) ", "7 (a) S x y"}) {
    write("proc/self/stat", text);
    EXPECT_EQ(read_process_usage(root_.string()).resident_bytes, 0U) << text;
  }
}

TEST(ProcessUsage, OfThisProcessIsPlausible) {
  const ProcessUsage usage = read_process_usage();
  const double now = std::chrono::duration<double>(wall_now().time_since_epoch()).count();
  EXPECT_LE(usage.start_time_s, now + 1);
  EXPECT_GT(usage.start_time_s, now - 3600);
  EXPECT_GE(usage.threads, 1U);
  EXPECT_GT(usage.resident_bytes, 100'000U);
  EXPECT_GE(usage.virtual_bytes, usage.resident_bytes);
  ASSERT_TRUE(usage.open_descriptors.has_value());
  const int more = ::dup(0);
  EXPECT_EQ(*read_process_usage().open_descriptors, *usage.open_descriptors + 1);
  ::close(more);
}

}  // namespace
}  // namespace carillon
