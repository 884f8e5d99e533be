// ControlRate: limits the control frames (pings and pongs) of each client (inbound.control_rate).
//
// Each client has a token bucket of `burst` frames that is refilled with `per_second` frames each second. A
// client whose bucket is full costs no memory, so the occasional pong of every client costs none for long:
// sweep() forgets clients whose buckets are full again.
//
// Pure: the caller passes in the time. Thread: the shard's.
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

  // Counts a frame of this client. Returns false when it exceeds the limit.
  bool admit(std::uint32_t client, const Limit& limit, MonoTime now);
  void forget(std::uint32_t client) {
    if (!full_at_.empty()) full_at_.erase(client);
  }
  // Forgets clients whose buckets are full. Call a few times per second.
  void sweep(MonoTime now);
  std::size_t clients() const { return full_at_.size(); }

 private:
  std::unordered_map<std::uint32_t, MonoTime> full_at_;  // when the client's bucket is full again
};

}  // namespace carillon::client
