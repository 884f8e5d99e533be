#include "base/descriptor_table.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <thread>
#include <utility>

namespace carillon {

std::int64_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlim_t before = std::exchange(limit.rlim_cur, limit.rlim_max);
  // A hard limit of "unlimited" may be more than the kernel gives: what there was is kept then.
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
  constexpr rlim_t kMost = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::min(limit.rlim_cur, kMost));
}

bool unshare_descriptors() { return ::unshare(CLONE_FILES) == 0; }

std::uint64_t descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::numeric_limits<std::uint64_t>::max();
  return limit.rlim_cur;
}

std::uint64_t open_descriptors() {
  const int lowest_free = ::eventfd(0, EFD_CLOEXEC);
  if (lowest_free < 0) return descriptor_limit();
  ::close(lowest_free);
  return static_cast<std::uint64_t>(lowest_free);
}

bool open_standard_descriptors() {
  for (;;) {
    const int opened = ::open("/dev/null", O_RDWR);  // the lowest number that is free
    if (opened < 0) return false;
    if (opened <= STDERR_FILENO) continue;
    ::close(opened);
    return true;
  }
}

bool can_unshare_descriptors() {
  bool allowed = false;
  std::thread([&allowed] { allowed = unshare_descriptors(); }).join();
  return allowed;
}

}  // namespace carillon
