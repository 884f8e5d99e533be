#pragma once

#include <cstdint>

#include "fanout/lag_rule.h"

namespace carillon::fanout {

// Between two moments that may come from callers whose clocks differ by a little: never negative.
inline std::uint32_t elapsed_ms(std::uint32_t since_ms, std::uint32_t now_ms) {
  const auto elapsed = static_cast<std::int32_t>(now_ms - since_ms);
  return elapsed < 0 ? 0 : static_cast<std::uint32_t>(elapsed);
}

// One look at a subscriber.
struct LagSample {
  std::uint64_t behind_bytes = 0;  // events it has not been sent, in bytes; for a mixed log those it receives
  std::uint64_t unsent_bytes = 0;  // those, and its outbox, and held_bytes
  std::uint64_t held_bytes = 0;    // in its transport (TLS): older than everything else, but of unknown age
  std::uint32_t oldest_age_ms = 0;
  bool blocked = false;  // its socket takes no bytes now
};

// LagWatch: decides over time whether one subscriber is slow. It is fed samples a few times a second and
// keeps only what it needs to compare them. docs/decisions/0007 has the rules and the reasons.
//
// Pure: no clock, no I/O. Thread: its shard's. Times are wrapping milliseconds (base/time.h).
class LagWatch {
 public:
  enum class Finding : std::uint8_t {
    keeps_up,       // within its limits, or catching up
    slow_by_bytes,  // behind by more than bytes_max for grace_ms, without catching up
    slow_by_age,    // its oldest unsent byte is too old, and it will not catch up soon
    engine_is_slow  // over a limit, but because we have not come round to it: never its fault
  };

  explicit LagWatch(std::uint32_t now_ms) { restart(now_ms); }

  // The subscriber had everything in between, or the process did not run: earlier observations do not count.
  void restart(std::uint32_t now_ms);

  // `engine_busy_ms`: for how long the engine has always had work left. A subscriber that is behind at a
  // moment without work is behind because its own socket was full.
  Finding look(const LagRule& rule, const LagSample& sample, std::uint32_t now_ms,
               std::uint32_t engine_busy_ms);

 private:
  LagWatch() = default;
  std::uint32_t age_of_held(const LagSample& sample, std::uint32_t now_ms);
  bool is_catching_up(const LagRule& rule, std::uint64_t unsent_bytes) const;
  void begin_window(const LagSample& sample, std::uint32_t now_ms);

  std::uint64_t window_unsent_bytes_ = 0;  // when the window began
  std::uint64_t gained_bytes_ = 0;         // in the last whole window
  std::uint32_t window_ms_ = 0;            // when the window began; a window is half of grace_ms
  std::uint64_t held_bytes_ = 0;           // at the last look
  std::uint32_t held_since_ms_ = 0;        // when they last became fewer
  std::uint32_t over_since_ms_ = 0;        // only while over_
  bool over_ = false;                      // more than bytes_max behind
  bool sampled_ = false;                   // since the last restart
  bool blocked_in_window_ = false;         // at every look
  bool blocked_in_last_window_ = false;
};

}  // namespace carillon::fanout
