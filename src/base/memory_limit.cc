#include "base/memory_limit.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <vector>

namespace carillon {
namespace {

constexpr std::uint64_t kKiB = 1024;

// Files of procfs, sysfs and cgroupfs are at most a few KiB; their sizes are not known beforehand.
std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return {};
  return {std::istreambuf_iterator<char>(file), {}};
}

std::optional<std::uint64_t> leading_number(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return std::nullopt;
  text.remove_prefix(begin);
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc()) return std::nullopt;  // "max", or nothing
  return number;
}

// The number on the line that begins with `name`.
std::optional<std::uint64_t> number_after(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (line.substr(0, name.size()) == name) return leading_number(line.substr(name.size()));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::nullopt;
}

// Where the process stands in the hierarchy that limits memory: proc/self/cgroup has a line
// `0::/path` (version 2), or `N:…,memory,…:/path` (version 1), or both.
struct Membership {
  std::optional<std::string> v2;
  std::optional<std::string> v1;
};

bool lists_memory(std::string_view controllers) {
  while (!controllers.empty()) {
    const std::size_t comma = std::min(controllers.find(','), controllers.size());
    if (controllers.substr(0, comma) == "memory") return true;
    controllers.remove_prefix(std::min(comma + 1, controllers.size()));
  }
  return false;
}

Membership membership(std::string_view text) {
  Membership found;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string path(line.substr(second + 1));
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    if (controllers.empty()) found.v2 = path;
    if (lists_memory(controllers)) found.v1 = path;
  }
  return found;
}

// What differs between the two versions: where it is mounted, and the names of its files.
struct Hierarchy {
  std::string_view mount;
  std::string_view limit_file;
  std::string_view usage_file;
  std::string_view cache_names[2];  // in memory.stat
};

constexpr Hierarchy kVersion2{
    "sys/fs/cgroup", "memory.max", "memory.current", {"inactive_file ", "active_file "}};
constexpr Hierarchy kVersion1{"sys/fs/cgroup/memory",
                              "memory.limit_in_bytes",
                              "memory.usage_in_bytes",
                              {"total_inactive_file ", "total_active_file "}};

// The cgroup's folder and those of its ancestors. In a container the path may be one that only the host
// sees; the container's own cgroup is then what is mounted, and the walk ends there.
std::vector<std::string> folders_of(const std::string& root, const Hierarchy& hierarchy, std::string path) {
  const std::string mount = root + "/" + std::string(hierarchy.mount);
  std::vector<std::string> folders;
  if (path.find("..") != std::string::npos) path.clear();  // outside what is mounted here
  while (!path.empty() && path != "/") {
    folders.push_back(mount + path);
    path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
  folders.push_back(mount);
  return folders;
}

std::uint64_t use_of(const std::string& folder, const Hierarchy& hierarchy) {
  const auto usage = leading_number(read_file(folder + "/" + std::string(hierarchy.usage_file)));
  const std::string stat = read_file(folder + "/memory.stat");
  std::uint64_t cache = 0;
  for (const std::string_view name : hierarchy.cache_names) cache += number_after(stat, name).value_or(0);
  const std::uint64_t used = usage.value_or(0);
  return used - std::min(used, cache);
}

std::uint64_t ram_bytes(const std::string& root) {
  if (const auto kib = number_after(read_file(root + "/proc/meminfo"), "MemTotal:")) {
    return std::max(*kib, std::uint64_t{1}) * kKiB;
  }
  const auto pages = std::max(::sysconf(_SC_PHYS_PAGES), 1L);
  return static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// Calls visit(folder, hierarchy, limit) for each cgroup over the process that has a limit below RAM.
template <class Visit>
void for_each_limit(const std::string& root, std::uint64_t ram, Visit visit) {
  const Membership in = membership(read_file(root + "/proc/self/cgroup"));
  const auto walk = [&](const Hierarchy& hierarchy, const std::optional<std::string>& path) {
    if (!path) return;
    for (const std::string& folder : folders_of(root, hierarchy, *path)) {
      const auto limit = leading_number(read_file(folder + "/" + std::string(hierarchy.limit_file)));
      // Version 1 writes "no limit" as a number near 2^63.
      if (limit && *limit < ram) visit(folder, hierarchy, std::max(*limit, std::uint64_t{1}));
    }
  };
  walk(kVersion2, in.v2);
  walk(kVersion1, in.v1);
}

bool is_nearer(const MemoryUse& one, const MemoryUse& other) {
  const auto fraction = [](const MemoryUse& use) {
    return static_cast<double>(use.used_bytes) / static_cast<double>(use.limit_bytes);
  };
  return fraction(one) > fraction(other);
}

}  // namespace

std::uint64_t resident_bytes(const std::string& root) {
  return number_after(read_file(root + "/proc/self/status"), "VmRSS:").value_or(0) * kKiB;
}

std::uint64_t memory_limit_bytes(const std::string& root) {
  const std::uint64_t ram = ram_bytes(root);
  std::uint64_t least = ram;
  for_each_limit(root, ram, [&least](const std::string&, const Hierarchy&, std::uint64_t limit) {
    least = std::min(least, limit);
  });
  return least;
}

MemoryUse memory_use(const std::string& root) {
  const std::uint64_t ram = ram_bytes(root);
  MemoryUse nearest{resident_bytes(root), ram};
  for_each_limit(root, ram, [&](const std::string& folder, const Hierarchy& hierarchy, std::uint64_t limit) {
    const MemoryUse use{use_of(folder, hierarchy), limit};
    if (is_nearer(use, nearest)) nearest = use;
  });
  return nearest;
}

}  // namespace carillon
