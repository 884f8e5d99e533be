#include "app/descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace carillon::app {

std::int64_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlim_t before = std::exchange(limit.rlim_cur, limit.rlim_max);
  // A hard limit of "unlimited" may be more than the kernel gives: what there was is kept then.
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
  constexpr rlim_t kMost = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::min(limit.rlim_cur, kMost));
}

std::int64_t descriptor_tables(const config::ServerSettings& server) {
  return server.descriptors == config::Descriptors::per_shard ? server.shards : 1;
}

}  // namespace carillon::app
