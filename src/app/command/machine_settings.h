// Limits of the kernel and the process, read from /proc and /sys for `carillon doctor`.
//
// Thread: any. Reads small files, never more than one page of each. A setting that is missing, or is not a
// number, has no value.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace carillon::app {

using Setting = std::optional<std::int64_t>;
using ThreeSettings = std::optional<std::array<std::int64_t, 3>>;  // as tcp_mem: low or least, middle, most

// The settings that `carillon doctor` checks.
struct MachineSettings {
  Setting descriptors_max;  // the hard RLIMIT_NOFILE, which `serve` raises its own to
  Setting nr_open;          // what that limit itself may be raised to
  Setting file_max;         // open files of the whole machine
  Setting epoll_watches_max;
  Setting somaxconn;
  Setting orphans_max;
  Setting map_count_max;
  Setting conntrack_max;    // nothing where no connection can be tracked
  Setting conntrack_count;  // that are tracked now
  ThreeSettings tcp_mem;    // pages
  ThreeSettings tcp_rmem;
  ThreeSettings tcp_wmem;
  std::optional<std::array<std::int64_t, 2>> local_ports;  // first and last
  Setting memory_available_bytes;  // what is free or can be freed; no more than the control group has left
};

// `root` is prepended to each path: "" on a machine, a folder of fixtures in a test.
MachineSettings read_machine_settings(const std::string& root);

}  // namespace carillon::app
