#include "auth/key_set_refresh.h"

namespace carillon::auth {

KeySetRefresh::Answer KeySetRefresh::on_missing_key(MonoTime now) {
  if (in_flight_ || wanted_) return Answer::wait;
  if (now < allowed_from_) return Answer::not_now;
  wanted_ = true;
  return Answer::wait;
}

bool KeySetRefresh::begin_if_due(MonoTime now) {
  if (in_flight_ || now < allowed_from_ || (!wanted_ && now < due_)) return false;
  in_flight_ = true;
  wanted_ = false;
  allowed_from_ = now + times_.min_interval;
  return true;
}

// The refresh begins after four fifths of the age, so that a failed one can be repeated in time.
void KeySetRefresh::on_success(MonoTime now, std::optional<seconds> max_age) {
  in_flight_ = false;
  failures_ = 0;
  // Compared in seconds: a max-age may be any number, and must not overflow.
  const auto longest = std::max(times_.age_max, times_.min_interval);
  milliseconds age = longest;
  if (max_age && *max_age < std::chrono::duration_cast<seconds>(longest)) {
    age = std::max(milliseconds(*max_age), times_.min_interval);
  }
  due_ = now + age * 4 / 5;
  keep_until_ = now + age + times_.stale_max;
}

void KeySetRefresh::on_failure(MonoTime now) {
  in_flight_ = false;
  const milliseconds longest = std::max(kRetryMax, times_.min_interval);
  const milliseconds delay = std::min(times_.min_interval * (1 << std::min(failures_, 10U)), longest);
  ++failures_;
  due_ = now + delay;
}

MonoTime KeySetRefresh::next_event() const {
  MonoTime next = keep_until_.value_or(MonoTime::max());
  if (!in_flight_) next = std::min(next, std::max(wanted_ ? MonoTime::min() : due_, allowed_from_));
  return next;
}

}  // namespace carillon::auth
