#pragma once

#include <cstdint>

#include "fanout/lag_rule.h"

namespace carillon::fanout {

// The time between two moments, at least 0: the clocks of the callers may differ by a little.
inline std::uint32_t elapsed_ms(std::uint32_t since_ms, std::uint32_t now_ms) {
  const auto elapsed = static_cast<std::int32_t>(now_ms - since_ms);
  return elapsed < 0 ? 0 : static_cast<std::uint32_t>(elapsed);
}

// The state of a subscriber at one check.
struct LagSample {
  std::uint64_t behind_bytes = 0;  // events it has not been sent, in bytes; for a mixed log those it receives
  std::uint64_t unsent_bytes = 0;  // the same plus its outbox and held_bytes
  std::uint64_t held_bytes = 0;    // in its transport (TLS): the oldest bytes, of unknown age
  std::uint32_t oldest_age_ms = 0;
  bool blocked = false;  // its socket takes no bytes now
};

// LagWatch: decides over time whether one subscriber is slow. It takes samples a few times per second and
// keeps only what it needs to compare them. docs/decisions/0007 has the rules and the reasons.
//
// Pure: no clock, no I/O. Thread: its shard's. Times are wrapping milliseconds (base/time.h).
class LagWatch {
 public:
  enum class Finding : std::uint8_t {
    keeps_up,       // within its limits, or catching up
    slow_by_bytes,  // behind by more than bytes_max for grace_ms, without catching up
    slow_by_age,    // its oldest unsent byte is too old, and it will not catch up soon
    engine_is_slow  // over a limit, but only because the engine is overloaded
  };

  explicit LagWatch(std::uint32_t now_ms) { restart(now_ms); }

  // Discards earlier samples, because the subscriber had everything in between or the process did not run.
  void restart(std::uint32_t now_ms);

  // Adds a sample and returns the finding. `engine_busy_ms`: for how long the engine has had work without a
  // pause. A subscriber that has a backlog while the engine is idle has it because its own socket was full.
  Finding look(const LagRule& rule, const LagSample& sample, std::uint32_t now_ms,
               std::uint32_t engine_busy_ms);

 private:
  LagWatch() = default;
  std::uint32_t age_of_held(const LagSample& sample, std::uint32_t now_ms);
  bool is_catching_up(const LagRule& rule, std::uint64_t unsent_bytes) const;
  void begin_window(const LagSample& sample, std::uint32_t now_ms);

  std::uint64_t window_unsent_bytes_ = 0;  // when the window began
  std::uint64_t gained_bytes_ = 0;         // by how much it shrank in the last whole window
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
