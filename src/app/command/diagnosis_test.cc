#include "app/command/diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>

namespace carillon::app {
namespace {

using ::testing::HasSubstr;

// A machine's /proc and /sys in a folder of its own.
class FakeMachine {
 public:
  FakeMachine()
      : root_(std::filesystem::temp_directory_path() / ("carillon-doctor-" + std::to_string(::getpid()))) {
    write("proc/self/limits",
          "Limit                     Soft Limit           Hard Limit           Units\n"
          "Max open files            1024                 20000                files\n");
    for (const auto& [name, text] : {std::pair{"fs/nr_open", "1048576\n"},
                                     {"fs/file-max", "9223372036854775807\n"},
                                     {"fs/epoll/max_user_watches", "5000000\n"},
                                     {"net/core/somaxconn", "4096\n"},
                                     {"net/ipv4/tcp_mem", "287898\t383867\t575796\n"},
                                     {"net/ipv4/tcp_rmem", "4096\t131072\t6291456\n"},
                                     {"net/ipv4/tcp_wmem", "4096\t16384\t4194304\n"},
                                     {"net/ipv4/ip_local_port_range", "32768\t60999\n"},
                                     {"net/ipv4/tcp_max_orphans", "131072\n"},
                                     {"vm/max_map_count", "65530\n"}}) {
      write(std::string("proc/sys/") + name, text);
    }
    write("proc/meminfo", "MemTotal:       24683608 kB\nMemAvailable:    8000000 kB\n");
  }
  ~FakeMachine() { std::filesystem::remove_all(root_); }
  FakeMachine(const FakeMachine&) = delete;
  FakeMachine& operator=(const FakeMachine&) = delete;

  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
  }
  void remove(const std::string& name) const { std::filesystem::remove(root_ / name); }
  MachineSettings settings() const { return read_machine_settings(root_.string()); }

 private:
  std::filesystem::path root_;
};

const Finding& find(const std::vector<Finding>& findings, std::string_view setting) {
  const auto at = std::find_if(findings.begin(), findings.end(),
                               [&](const Finding& each) { return each.setting == setting; });
  if (at == findings.end()) throw std::runtime_error("no finding about " + std::string(setting));
  return *at;
}

TEST(MachineSettings, AreReadFromUnderTheGivenRoot) {
  const MachineSettings settings = FakeMachine().settings();
  EXPECT_EQ(settings.descriptors_max, 20000);
  EXPECT_EQ(settings.nr_open, 1048576);
  EXPECT_EQ(settings.file_max, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(settings.tcp_mem, (std::array<std::int64_t, 3>{287898, 383867, 575796}));
  EXPECT_EQ(settings.local_ports, (std::array<std::int64_t, 2>{32768, 60999}));
  EXPECT_EQ(settings.conntrack_max, std::nullopt);
  EXPECT_EQ(settings.memory_available_bytes, std::int64_t{8000000} * 1024);
}

TEST(MachineSettings, AnUnlimitedNumberAndOneBeyond64BitsAreTheMost) {
  const FakeMachine machine;
  machine.write("proc/self/limits",
                "Max open files            1024                 unlimited            files\n");
  machine.write("proc/sys/fs/file-max", "18446744073709551615\n");
  EXPECT_EQ(machine.settings().descriptors_max, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(machine.settings().file_max, std::numeric_limits<std::int64_t>::max());
}

TEST(MachineSettings, WhatIsMissingOrNoNumberIsNothing) {
  const FakeMachine machine;
  machine.remove("proc/self/limits");
  machine.write("proc/sys/fs/nr_open", "many\n");
  machine.write("proc/sys/net/ipv4/tcp_mem", "1 2\n");
  machine.write("proc/sys/net/core/somaxconn", "");
  const MachineSettings settings = machine.settings();
  EXPECT_EQ(settings.descriptors_max, std::nullopt);
  EXPECT_EQ(settings.nr_open, std::nullopt);
  EXPECT_EQ(settings.tcp_mem, std::nullopt);
  EXPECT_EQ(settings.somaxconn, std::nullopt);
}

TEST(MachineSettings, AControlGroupsLimitCountsWhereItIsNarrower) {
  const FakeMachine machine;
  machine.write("sys/fs/cgroup/memory.current", "1000000\n");
  machine.write("sys/fs/cgroup/memory.max", "max\n");
  EXPECT_EQ(machine.settings().memory_available_bytes, std::int64_t{8000000} * 1024);
  machine.write("sys/fs/cgroup/memory.max", "3000000\n");
  EXPECT_EQ(machine.settings().memory_available_bytes, 2000000);
}

TEST(Diagnosis, AGoodMachineNeedsNothing) {
  const auto findings = diagnose(FakeMachine().settings(), {10'000});
  EXPECT_FALSE(anything_must_change(findings));
  for (const Finding& each : findings) {
    EXPECT_EQ(each.verdict, Verdict::good) << each.setting;
    EXPECT_EQ(each.remedy, "") << each.setting;
  }
}

TEST(Diagnosis, ADescriptorMoreThanTheLimitMustChange) {
  const MachineSettings settings = FakeMachine().settings();
  EXPECT_EQ(find(diagnose(settings, {20'000 - 256}), "RLIMIT_NOFILE").verdict, Verdict::good);
  const auto findings = diagnose(settings, {20'000 - 255});
  const Finding& finding = find(findings, "RLIMIT_NOFILE");
  EXPECT_EQ(finding.verdict, Verdict::must_change);
  EXPECT_EQ(finding.value, "20,000");
  EXPECT_EQ(finding.wanted, "at least 20,001");
  EXPECT_THAT(finding.remedy, HasSubstr("--nofile=20001:20001"));
  EXPECT_TRUE(anything_must_change(findings));
}

TEST(Diagnosis, TablesOfTheShardsOwnHoldWhatOneTableDoesNot) {
  const MachineSettings settings = FakeMachine().settings();
  const auto one_table = diagnose(settings, {1'000'000});
  EXPECT_THAT(find(one_table, "RLIMIT_NOFILE").remedy, HasSubstr("server.shards at least 53"));
  EXPECT_EQ(find(diagnose(settings, {1'000'000, 53}), "RLIMIT_NOFILE").verdict, Verdict::good);
  const auto too_few = diagnose(settings, {1'000'000, 52});
  EXPECT_EQ(find(too_few, "RLIMIT_NOFILE").verdict, Verdict::must_change);
  EXPECT_THAT(find(too_few, "RLIMIT_NOFILE").why, HasSubstr("each shard"));
  EXPECT_EQ(find(diagnose(settings, {2'000'000, 110}), "fs.nr_open").verdict, Verdict::good);
}

TEST(Diagnosis, AMillionConnectionsGetAnExactCommandForEachSetting) {
  const auto findings = diagnose(FakeMachine().settings(), {1'000'000});
  EXPECT_EQ(find(findings, "fs.nr_open").verdict, Verdict::good);
  EXPECT_EQ(find(findings, "net.ipv4.tcp_mem").remedy,
            "sysctl -w net.ipv4.tcp_mem=\"799152 1065536 1598304\"");
  EXPECT_EQ(find(findings, "available memory").verdict, Verdict::must_change);
  EXPECT_THAT(find(findings, "available memory").remedy, HasSubstr("server.connections_max = "));
}

TEST(Diagnosis, AShortBacklogMustChangeOnceThereAreMoreClients) {
  const FakeMachine machine;
  machine.write("proc/sys/net/core/somaxconn", "128\n");
  EXPECT_EQ(find(diagnose(machine.settings(), {128}), "net.core.somaxconn").verdict, Verdict::good);
  const auto findings = diagnose(machine.settings(), {10'000});
  EXPECT_EQ(find(findings, "net.core.somaxconn").remedy, "sysctl -w net.core.somaxconn=4096");
}

TEST(Diagnosis, FewLocalPortsAreAHintAndNoFault) {
  const auto findings = diagnose(FakeMachine().settings(), {100'000});
  const Finding& finding = find(findings, "net.ipv4.ip_local_port_range");
  EXPECT_EQ(finding.verdict, Verdict::hint);
  EXPECT_THAT(finding.remedy, HasSubstr("4 source addresses"));
}

TEST(Diagnosis, BuffersTooSmallForAWriteMustChangeAndKeepTheirOtherValues) {
  const FakeMachine machine;
  machine.write("proc/sys/net/ipv4/tcp_wmem", "8192 16384 32768\n");
  const auto findings = diagnose(machine.settings(), {10});
  EXPECT_EQ(find(findings, "net.ipv4.tcp_wmem").remedy, "sysctl -w net.ipv4.tcp_wmem=\"4096 16384 65536\"");
  EXPECT_EQ(find(findings, "net.ipv4.tcp_rmem").verdict, Verdict::good);
}

TEST(Diagnosis, TrackedConnectionsAreJudgedOnlyWhereThereIsTracking) {
  const FakeMachine machine;
  EXPECT_THROW(find(diagnose(machine.settings(), {10}), "net.netfilter.nf_conntrack_max"),
               std::runtime_error);
  machine.write("proc/sys/net/netfilter/nf_conntrack_max", "65536\n");
  const auto findings = diagnose(machine.settings(), {100'000});
  EXPECT_EQ(find(findings, "net.netfilter.nf_conntrack_max").remedy,
            "sysctl -w net.netfilter.nf_conntrack_max=135000");
  machine.write("proc/sys/net/netfilter/nf_conntrack_count", "1\n");
  const auto verdict = [&] {
    return find(diagnose(machine.settings(), {100'000}), "net.netfilter.nf_conntrack_max").verdict;
  };
  EXPECT_EQ(verdict(), Verdict::must_change);
  machine.write("proc/sys/net/netfilter/nf_conntrack_count", "0\n");
  EXPECT_EQ(verdict(), Verdict::hint);
}

TEST(Diagnosis, WhatCannotBeReadIsUnknownAndNoFault) {
  const auto findings = diagnose(MachineSettings{}, {10'000});
  for (const Finding& each : findings) EXPECT_EQ(each.verdict, Verdict::unknown) << each.setting;
  EXPECT_FALSE(anything_must_change(findings));
}

TEST(Diagnosis, TheMostConnectionsThereCanBeOverflowNothing) {
  for (const Finding& each : diagnose(FakeMachine().settings(), {kConnectionsMax})) {
    EXPECT_EQ(each.wanted.find('-'), std::string::npos) << each.wanted;
  }
}

TEST(Diagnosis, NumbersAreGroupedByThousands) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(-1234567), "-1,234,567");
}

}  // namespace
}  // namespace carillon::app
