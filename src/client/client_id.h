// ClientId: identifies one client of a shard, even after it has left. The index is reused; the pair (index,
// generation) repeats only after 16 million uses of the index. Keep the id, not a pointer, when the client
// may leave.
#pragma once

#include <cstdint>

namespace carillon::client {

struct ClientId {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;
};

}  // namespace carillon::client
