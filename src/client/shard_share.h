// Divides a limit of the process over its shards: each shard enforces its own part without asking the others,
// and the parts add up to the limit.
#pragma once

#include <algorithm>
#include <cstdint>

namespace carillon::client {

// Each part is at least 1, so a limit below the number of shards becomes that number.
constexpr std::uint64_t share_of(std::uint64_t limit, std::uint64_t shard, std::uint64_t shards) {
  const std::uint64_t rest = shard < limit % shards ? 1 : 0;
  return std::max<std::uint64_t>(limit / shards + rest, 1);
}

}  // namespace carillon::client
