// MessageRate: how many messages one client has sent in its window (inbound.rate).
//
// Pure: fed the time. Thread: the shard's. A fixed window begins with the connection, and anew with the first
// message that comes more than its length after that; a sliding one is any stretch of its length, and
// remembers as many times as messages are allowed.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"
#include "config/settings.h"

namespace carillon::client {

class MessageRate {
 public:
  explicit MessageRate(MonoTime connected_at) : began_(connected_at) {}

  // Counts a message; false when it is one too many. `settings.messages` has a value.
  bool admit(const config::RateSettings& settings, MonoTime now);
  // Messages in the window, the last one included.
  std::uint64_t count() const { return count_; }

 private:
  MonoTime began_;
  std::uint64_t count_ = 0;
  std::vector<MonoTime> times_;  // sliding: a ring of the last ones admitted
  std::size_t oldest_ = 0;
};

}  // namespace carillon::client
