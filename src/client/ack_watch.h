// AckWatch: which of our bytes the peer's kernel has acknowledged, for the few connections whose deadline
// depends on it.
//
// A ping or a close frame may wait behind a megabyte that a slow but willing client is still reading. Its
// deadline begins when what stood before it has arrived, and is put off as long as more of it arrives.
//
// Pure: fed what the kernel says. Thread: the shard's. A connection costs nothing here unless it is watched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "base/time.h"

namespace carillon::client {

// How far our bytes have come.
struct SendState {
  std::uint64_t acked = 0;    // by the peer's kernel, since the connection began
  std::uint64_t waiting = 0;  // not yet: those in the kernel and those that it has not taken
};

class AckWatch {
 public:
  enum class Found : std::uint8_t {
    begun,    // the first look: what waits now is what is watched
    moving,   // more has been acknowledged since the last look, and the rest will be in time at this speed
    stuck,    // nothing has, or too little
    arrived,  // all has that waited at the first look
  };

  // `rest_within`: how long the rest may take at the speed since the last look.
  Found look(std::uint32_t connection, SendState state, MonoTime now, seconds rest_within);
  bool is_watched(std::uint32_t connection) const { return watched_.contains(connection); }
  // Since the first look.
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
