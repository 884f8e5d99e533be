// MessageRate: counts the messages of one client within its window (inbound.rate).
//
// A fixed window starts with the connection, and again with the first message after its end. A sliding window
// ends now; for it the times of the last `messages` admitted messages are stored.
//
// Pure: the caller passes in the time. Thread: the shard's.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"
#include "config/settings.h"

namespace carillon::client {

class MessageRate {
 public:
  explicit MessageRate(MonoTime connected_at) : began_(connected_at) {}

  // Counts a message. Returns false when it exceeds the rate. `settings.messages` must have a value.
  bool admit(const config::RateSettings& settings, MonoTime now);
  // Number of messages in the window, including the last one.
  std::uint64_t count() const { return count_; }

 private:
  MonoTime began_;
  std::uint64_t count_ = 0;
  std::vector<MonoTime> times_;  // sliding: a ring of the last ones admitted
  std::size_t oldest_ = 0;
};

}  // namespace carillon::client
