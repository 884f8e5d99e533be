// ClientId: names one client of a shard for as long as the shard lives. The index is used again once the
// client has gone, the pair is not (for 16 million uses of an index): what is kept while a client may leave
// is its id.
#pragma once

#include <cstdint>

namespace carillon::client {

struct ClientId {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;
};

}  // namespace carillon::client
