// ControlRate: how many control frames (pings and pongs) each client may send (inbound.control_rate).
//
// A token bucket for each client: it holds `burst` frames and gets `per_second` back each second. A client
// whose bucket is full costs nothing, so the pong that every client sends now and then leaves no memory
// behind: sweep() forgets those whose buckets have filled up again.
//
// Pure: fed the time. Thread: the shard's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "base/time.h"

namespace carillon::client {

class ControlRate {
 public:
  struct Limit {
    std::uint64_t per_second;  // at least 1
    std::uint64_t burst;       // at least 1
  };

  // Counts a frame of this client; false when it is one too many.
  bool admit(std::uint32_t client, const Limit& limit, MonoTime now);
  void forget(std::uint32_t client) {
    if (!full_at_.empty()) full_at_.erase(client);
  }
  // A few times a second.
  void sweep(MonoTime now);
  std::size_t clients() const { return full_at_.size(); }

 private:
  std::unordered_map<std::uint32_t, MonoTime> full_at_;  // when the client's bucket is full again
};

}  // namespace carillon::client
