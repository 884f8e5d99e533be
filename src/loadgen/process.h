// What is read of processes, and done to the thread that runs: for figures, from /proc.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/time.h"

namespace carillon::loadgen {

// Of one process or several together.
struct Usage {
  std::uint64_t cpu_ns = 0;     // user and kernel, of all threads that live
  std::uint64_t rss_bytes = 0;  // resident
};
// Nothing when one of them is not there.
std::optional<Usage> usage_of(std::span<const pid_t> pids);

// VmRSS of a /proc/PID/status, in bytes. Pure.
std::optional<std::uint64_t> resident_bytes_in(std::string_view status);

// CPU time of the calling thread, user and kernel.
std::uint64_t thread_cpu_ns();

// The calling thread stays on this core. False where the machine has no such core, or forbids it.
bool pin_to_core(int core);

}  // namespace carillon::loadgen
