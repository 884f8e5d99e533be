// CPU time and memory of processes, from /proc, and pinning the calling thread to a core.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/time.h"

namespace carillon::loadgen {

// The usage of one process or of several together.
struct Usage {
  std::uint64_t cpu_ns = 0;     // user and kernel, of all live threads
  std::uint64_t rss_bytes = 0;  // resident
};
// Returns nothing when one of the processes does not exist.
std::optional<Usage> usage_of(std::span<const pid_t> pids);

// VmRSS of a /proc/PID/status, in bytes. Pure.
std::optional<std::uint64_t> resident_bytes_in(std::string_view status);

// CPU time of the calling thread, user and kernel.
std::uint64_t thread_cpu_ns();

// Pins the calling thread to this core. Returns false when the machine has no such core or forbids it.
bool pin_to_core(int core);

}  // namespace carillon::loadgen
