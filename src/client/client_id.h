// ClientId: identifies one client of a shard, even after it has left. The index is reused when the client has
// left, but the pair is not (for 16 million uses of an index). Code that refers to a client that may
// leave keeps its id.
#pragma once

#include <cstdint>

namespace carillon::client {

struct ClientId {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;
};

}  // namespace carillon::client
