// ProcessUsage: the resources of this process, with the meanings that Prometheus' client libraries give to
// the metrics process_*.
//
// Thread: any; reads /proc, which takes some microseconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace carillon {

struct ProcessUsage {
  double cpu_seconds = 0;   // user and system
  double start_time_s = 0;  // Unix time
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t threads = 0;
  // Nothing when the kernel does not know the number (before Linux 6.2) and there are more than
  // kDescriptorsCounted, because counting them would take too long. With a table of descriptors for each
  // shard it is the calling thread's table.
  std::optional<std::uint64_t> open_descriptors;
  std::uint64_t descriptors_max = 0;  // of one table
};

inline constexpr std::uint64_t kDescriptorsCounted = 10'000;

// `root` is the folder that holds proc/; tests give one of their own. What cannot be read stays 0.
ProcessUsage read_process_usage(const std::string& root = "");

}  // namespace carillon
