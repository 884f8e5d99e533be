#include "fanout/lag_watch.h"

#include <algorithm>

namespace carillon::fanout {

void LagWatch::restart(std::uint32_t now_ms) {
  *this = LagWatch{};
  window_ms_ = now_ms;
}

void LagWatch::begin_window(const LagSample& sample, std::uint32_t now_ms) {
  window_ms_ = now_ms;
  window_unsent_bytes_ = sample.unsent_bytes;
  blocked_in_window_ = sample.blocked;
}

LagWatch::Finding LagWatch::look(const LagRule& rule, const LagSample& sample, std::uint32_t now_ms,
                                 std::uint32_t engine_busy_ms) {
  const std::uint32_t oldest_age_ms = std::max(sample.oldest_age_ms, age_of_held(sample, now_ms));
  blocked_in_window_ = blocked_in_window_ && sample.blocked;
  const bool over = sample.behind_bytes > rule.bytes_max;
  if (!sampled_ || over != over_) {
    // A window never begins before the burst that it judges.
    begin_window(sample, now_ms);
    over_since_ms_ = now_ms;
    over_ = over;
    sampled_ = true;
  }

  const std::uint32_t window = std::max(rule.grace_ms / 2, 1U);
  Finding finding = Finding::keeps_up;
  if (elapsed_ms(window_ms_, now_ms) >= window) {
    gained_bytes_ = window_unsent_bytes_ - std::min(window_unsent_bytes_, sample.unsent_bytes);
    if (gained_bytes_ > 0) over_since_ms_ = now_ms;
    if (over_ && gained_bytes_ == 0 && elapsed_ms(over_since_ms_, now_ms) >= rule.grace_ms) {
      const bool our_fault = engine_busy_ms > window && !blocked_in_window_;
      finding = our_fault ? Finding::engine_is_slow : Finding::slow_by_bytes;
    }
    blocked_in_last_window_ = blocked_in_window_;
    begin_window(sample, now_ms);
  }
  if (finding == Finding::slow_by_bytes || oldest_age_ms <= rule.age_ms_max) return finding;
  if (is_catching_up(rule, sample.unsent_bytes)) return finding;
  const bool our_fault =
      engine_busy_ms > rule.age_ms_max / 2 && !(blocked_in_last_window_ && blocked_in_window_);
  return our_fault ? Finding::engine_is_slow : Finding::slow_by_age;
}

std::uint32_t LagWatch::age_of_held(const LagSample& sample, std::uint32_t now_ms) {
  if (held_bytes_ == 0 || sample.held_bytes < held_bytes_) held_since_ms_ = now_ms;
  held_bytes_ = sample.held_bytes;
  return held_bytes_ == 0 ? 0 : elapsed_ms(held_since_ms_, now_ms);
}

// Whether it would catch up within age_ms_max at the rate of the last window.
bool LagWatch::is_catching_up(const LagRule& rule, std::uint64_t unsent_bytes) const {
  const std::uint64_t windows =
      std::max<std::uint64_t>(2ULL * rule.age_ms_max / std::max(rule.grace_ms, 1U), 1);
  return gained_bytes_ > 0 && gained_bytes_ * windows >= unsent_bytes;
}

}  // namespace carillon::fanout
