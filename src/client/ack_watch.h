// AckWatch: tracks which of our bytes the peer's kernel has acknowledged, for the few connections whose
// deadline depends on it.
//
// A ping or a close frame may be queued behind a megabyte that a slow client is still reading. Its deadline
// starts when the bytes before it have arrived, and is extended as long as more of them arrive.
//
// Pure: the caller passes in what the kernel reports. Thread: the shard's. Only watched connections cost
// memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "base/time.h"

namespace carillon::client {

// How many of our bytes have arrived, and how many have not.
struct SendState {
  std::uint64_t acked = 0;    // by the peer's kernel, since the connection began
  std::uint64_t waiting = 0;  // not acknowledged: in the kernel, or not taken by it yet
};

class AckWatch {
 public:
  enum class Found : std::uint8_t {
    begun,    // the first look: the bytes that wait now are watched
    moving,   // more has been acknowledged since the last look, and at this speed the rest arrives in time
    stuck,    // nothing has been acknowledged, or too little
    arrived,  // everything that waited at the first look has been acknowledged
  };

  // Looks at the connection and compares with the last look. `rest_within` is how long the rest may take at
  // the present speed.
  Found look(std::uint32_t connection, SendState state, MonoTime now, seconds rest_within);
  bool is_watched(std::uint32_t connection) const { return watched_.contains(connection); }
  // The time since the first look; zero when the connection is not watched.
  MonoClock::duration watched_for(std::uint32_t connection, MonoTime now) const;
  void forget(std::uint32_t connection) {
    if (!watched_.empty()) watched_.erase(connection);
  }
  std::size_t watched() const { return watched_.size(); }

 private:
  struct Watched {
    std::uint64_t goal;  // of acked
    std::uint64_t acked;
    MonoTime since;   // the first look
    MonoTime looked;  // the last
  };

  std::unordered_map<std::uint32_t, Watched> watched_;
};

}  // namespace carillon::client
