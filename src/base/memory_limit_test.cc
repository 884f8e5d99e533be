#include "base/memory_limit.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace carillon {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;

// A folder with the files of procfs and cgroupfs that a test writes.
class Machine {
 public:
  Machine() {
    std::string name = (std::filesystem::temp_directory_path() / "memory_limit_XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
    write("proc/meminfo", "MemTotal:        1048576 kB\nMemFree:          1024 kB\n");
    write("proc/self/status", "Name:\tcarillon\nVmSize:\t  999999 kB\nVmRSS:\t   51200 kB\n");
  }
  ~Machine() { std::filesystem::remove_all(root_); }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  void write(const std::string& path, const std::string& text) const {
    const std::filesystem::path whole = std::filesystem::path(root_) / path;
    std::filesystem::create_directories(whole.parent_path());
    std::ofstream(whole) << text;
  }
  const std::string& root() const { return root_; }
  std::uint64_t limit() const { return memory_limit_bytes(root_); }
  MemoryUse use() const { return memory_use(root_); }

 private:
  std::string root_;
};

TEST(MemoryLimit, IsTheRamWhereNoCgroupLimitsIt) {
  const Machine machine;
  EXPECT_EQ(machine.limit(), 1024 * kMiB);
  EXPECT_EQ(machine.use().limit_bytes, 1024 * kMiB);
  EXPECT_EQ(machine.use().used_bytes, 50 * kMiB);  // its resident set
}

TEST(MemoryLimit, IsTheCgroupsWhereThatIsSmaller) {
  const Machine machine;
  machine.write("proc/self/cgroup", "0::/system.slice/carillon.service\n");
  machine.write("sys/fs/cgroup/system.slice/carillon.service/memory.max", "268435456\n");
  machine.write("sys/fs/cgroup/system.slice/carillon.service/memory.current", "209715200\n");
  EXPECT_EQ(machine.limit(), 256 * kMiB);
  EXPECT_EQ(machine.use().limit_bytes, 256 * kMiB);
  EXPECT_EQ(machine.use().used_bytes, 200 * kMiB);
}

TEST(MemoryLimit, IsTheRamWhereTheCgroupsIsLargerOrMax) {
  const Machine machine;
  machine.write("proc/self/cgroup", "0::/a\n");
  machine.write("sys/fs/cgroup/a/memory.max", "max\n");
  EXPECT_EQ(machine.limit(), 1024 * kMiB);
  machine.write("sys/fs/cgroup/a/memory.max", std::to_string(1024 * kMiB) + "\n");
  EXPECT_EQ(machine.limit(), 1024 * kMiB);
  machine.write("sys/fs/cgroup/a/memory.max", std::to_string(1024 * kMiB - 1) + "\n");
  EXPECT_EQ(machine.limit(), 1024 * kMiB - 1);
}

TEST(MemoryLimit, CountsAnAncestorsLimit) {
  const Machine machine;
  machine.write("proc/self/cgroup", "0::/pod/container\n");
  machine.write("sys/fs/cgroup/pod/memory.max", "134217728\n");
  machine.write("sys/fs/cgroup/pod/memory.current", "120000000\n");
  machine.write("sys/fs/cgroup/pod/container/memory.max", "268435456\n");
  machine.write("sys/fs/cgroup/pod/container/memory.current", "1000\n");
  EXPECT_EQ(machine.limit(), 128 * kMiB);
  EXPECT_EQ(machine.use().used_bytes, 120000000U);  // the level that is nearest to its limit
}

TEST(MemoryLimit, IsFoundInAContainerWhosePathOnlyTheHostSees) {
  for (const char* path : {"0::/\n", "0::/docker/0123abcd\n", "0::/../..\n"}) {
    const Machine machine;
    machine.write("proc/self/cgroup", path);
    machine.write("sys/fs/cgroup/memory.max", "67108864\n");
    EXPECT_EQ(machine.limit(), 64 * kMiB) << path;
  }
}

TEST(MemoryLimit, IsReadFromVersion1) {
  const Machine machine;
  machine.write("proc/self/cgroup", "5:cpu,cpuacct:/x\n4:hugetlb,memory:/jobs/7\n1:name=systemd:/x\n");
  machine.write("sys/fs/cgroup/memory/jobs/7/memory.limit_in_bytes", "100000000\n");
  machine.write("sys/fs/cgroup/memory/jobs/7/memory.usage_in_bytes", "90000000\n");
  machine.write("sys/fs/cgroup/memory/jobs/7/memory.stat",
                "inactive_file 1\ntotal_inactive_file 20000000\ntotal_active_file 5000000\n");
  EXPECT_EQ(machine.limit(), 100000000U);
  EXPECT_EQ(machine.use().used_bytes, 65000000U);
}

TEST(MemoryLimit, OfVersion1IsNotTakenWhereItIsUnlimited) {
  const Machine machine;
  machine.write("proc/self/cgroup", "4:memory:/jobs/7\n");
  machine.write("sys/fs/cgroup/memory/jobs/7/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(machine.limit(), 1024 * kMiB);
}

// Otherwise a gateway that writes a log file for a week is "out of memory" forever.
TEST(MemoryUse, LeavesOutTheFileCache) {
  const Machine machine;
  machine.write("proc/self/cgroup", "0::/a\n");
  machine.write("sys/fs/cgroup/a/memory.max", "100000000\n");
  machine.write("sys/fs/cgroup/a/memory.current", "99000000\n");
  machine.write("sys/fs/cgroup/a/memory.stat",
                "anon 9000000\ninactive_file 60000000\nactive_file 20000000\n");
  EXPECT_EQ(machine.use().used_bytes, 19000000U);
}

TEST(MemoryUse, IsNeverNegative) {
  const Machine machine;
  machine.write("proc/self/status", "");
  machine.write("proc/self/cgroup", "0::/a\n");
  machine.write("sys/fs/cgroup/a/memory.max", "100000000\n");
  machine.write("sys/fs/cgroup/a/memory.current", "1000\n");
  machine.write("sys/fs/cgroup/a/memory.stat", "inactive_file 2000\n");
  EXPECT_EQ(machine.use().used_bytes, 0U);
}

TEST(MemoryLimit, SurvivesGarbageAndMissingFiles) {
  const Machine machine;
  machine.write("proc/self/cgroup", "0\n::\nx:y\n0::\n4:memory:\n0::relative\n");
  machine.write("sys/fs/cgroup/memory.max", "lots\n");
  EXPECT_EQ(machine.limit(), 1024 * kMiB);
  EXPECT_GT(memory_limit_bytes("/no/such/folder"), 0U);
  EXPECT_GT(memory_use("/no/such/folder").limit_bytes, 0U);
}

TEST(MemoryLimit, OfThisMachineIsMoreThanTheProcessUses) {
  EXPECT_GT(memory_limit_bytes(), kMiB);
  const MemoryUse use = memory_use();
  EXPECT_GT(use.used_bytes, 0U);
  EXPECT_GT(use.limit_bytes, use.used_bytes);
}

}  // namespace
}  // namespace carillon
