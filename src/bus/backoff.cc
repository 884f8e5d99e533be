#include "bus/backoff.h"

#include <algorithm>

namespace carillon::bus {
namespace {

constexpr std::uint32_t kStepMax = 16;  // 1 ms << 16 is beyond any max

}  // namespace

std::uint64_t Jitter::next() {
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

MonoClock::duration Jitter::between(MonoClock::duration low, MonoClock::duration high) {
  if (high <= low) return low;
  const auto span = static_cast<std::uint64_t>((high - low).count()) + 1;
  return low + MonoClock::duration(static_cast<std::int64_t>(next() % span));
}

void Backoff::on_ready(MonoTime now) {
  was_ready_ = true;
  ready_since_ = now;
}

void Backoff::reset() {
  was_ready_ = false;
  in_outage_ = false;
  step_ = 0;
  failures_ = 0;
}

void Backoff::weigh(MonoTime now) {
  const auto lasted = was_ready_ ? now - ready_since_ : MonoClock::duration::zero();
  const bool brief = !was_ready_ || lasted < kBrief;
  if (was_ready_ && lasted >= kStable) step_ = 0;
  if (was_ready_ && !brief) in_outage_ = false;
  was_ready_ = false;
  if (in_outage_) {
    if (brief) raise(now);
    ++failures_;
  } else {
    in_outage_ = true;
    outage_began_ = now;
    failures_ = 1;
  }
}

void Backoff::raise(MonoTime now) {
  const bool is_short = now - outage_began_ < kShortOutage;
  if (is_short && limits_.min * (1LL << (step_ + 1)) > kShortCeiling) return;
  step_ = std::min(step_ + 1, kStepMax);
}

MonoClock::duration Backoff::ceiling(MonoTime now) const {
  MonoClock::duration ceiling = std::min<milliseconds>(limits_.max, limits_.min * (1LL << step_));
  if (now - outage_began_ < kShortOutage) {
    ceiling = std::min<MonoClock::duration>(ceiling, std::max(kShortCeiling, limits_.min));
  }
  return ceiling;
}

MonoTime Backoff::on_failure(FaultKind kind, MonoTime now) {
  weigh(now);
  if (kind == FaultKind::denied) return now + jitter_.between(limits_.max, 2 * limits_.max);
  const auto high = ceiling(now);
  const auto low = step_ == 0 ? MonoClock::duration::zero() : high / 4;
  const auto from_dial = dialled_ + jitter_.between(low, high);
  const auto from_now = now + jitter_.between(MonoClock::duration::zero(), limits_.min);
  return std::max(from_dial, from_now);
}

}  // namespace carillon::bus
