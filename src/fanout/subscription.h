#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "base/assert.h"

namespace carillon::fanout {

// Subscription: a subscriber's position among the members of a log. It takes 6 bytes (26 bits of log and 22
// of position), because a client may have hundreds.
//
// Pure value. Thread: any.
class Subscription {
 public:
  static constexpr std::uint32_t kLogsMax = 1U << 26;
  static constexpr std::uint32_t kPositionsMax = 1U << 22;

  Subscription() = default;
  Subscription(std::uint32_t log, std::uint32_t position) { set(log, position); }

  std::uint32_t log() const { return low() & (kLogsMax - 1); }
  std::uint32_t position() const {
    return low() >> kLogBits | std::uint32_t{parts_[2]} << kLowBitsOfPosition;
  }
  void move_to(std::uint32_t position) { set(log(), position); }

 private:
  static constexpr unsigned kLogBits = 26;
  static constexpr unsigned kLowBitsOfPosition = 32 - kLogBits;  // above the log

  // The first two parts as one number, read at once although they are aligned to 2 bytes only.
  std::uint32_t low() const {
    std::uint32_t value = 0;
    std::memcpy(&value, parts_.data(), sizeof value);
    return value;
  }
  void set(std::uint32_t log, std::uint32_t position) {
    CARILLON_ASSERT(log < kLogsMax);
    CARILLON_ASSERT(position < kPositionsMax);
    const std::uint32_t low = log | position << kLogBits;
    std::memcpy(parts_.data(), &low, sizeof low);
    parts_[2] = static_cast<std::uint16_t>(position >> kLowBitsOfPosition);
  }

  std::array<std::uint16_t, 3> parts_{};
};

static_assert(sizeof(Subscription) == 6);

}  // namespace carillon::fanout
