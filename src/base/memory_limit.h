// How much memory this process may use before the kernel kills it, and how much of that is in use.
//
// The limit is the smaller of the machine's RAM and of every cgroup (version 1 or 2) that the process is
// in, its ancestors included, because the kernel enforces each of them. Nothing here fails: a file that
// is missing or unreadable is skipped, and the fall-backs are the RAM and the resident set of the process.
//
// Thread: any. The functions read a handful of small files: call them at start or about once a second,
// never for each event or connection.
#pragma once

#include <cstdint>
#include <string>

namespace carillon {

// Memory in use and its limit.
struct MemoryUse {
  std::uint64_t used_bytes = 0;
  std::uint64_t limit_bytes = 0;  // never 0: there is always RAM
};

// `root` is the folder that holds proc/ and sys/; tests give one of their own.
std::uint64_t memory_limit_bytes(const std::string& root = "/");

// Use and limit of the level (a cgroup, or RAM) that is nearest to its limit. For a cgroup, `used_bytes`
// counts all processes in it, as the kernel does, without the file cache, which the kernel releases
// before it kills a process. For RAM it is the resident set of this process.
MemoryUse memory_use(const std::string& root = "/");

// Returns the resident set of this process.
std::uint64_t resident_bytes(const std::string& root = "/");

}  // namespace carillon
