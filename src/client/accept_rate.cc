#include "client/accept_rate.h"

#include <algorithm>

namespace carillon::client {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kQueueMaxNs = 20 * kSecondNs;

std::int64_t ns_of(MonoTime time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

}  // namespace

// The interval is rounded up and the burst is a whole number of intervals, so that exactly `limit` upgrades
// fit into it.
void AcceptRate::set_limit(config::Limit limit) {
  const auto per_second = static_cast<std::int64_t>(limit.value.value_or(0));
  const std::int64_t interval = per_second == 0 ? 0 : (kSecondNs + per_second - 1) / per_second;
  burst_ns_.store(interval * per_second, std::memory_order_relaxed);
  interval_ns_.store(interval, std::memory_order_relaxed);
}

bool AcceptRate::try_take(Bucket& bucket, std::int64_t interval_ns, std::int64_t burst_ns, MonoTime now) {
  const std::int64_t now_ns = ns_of(now);
  std::int64_t full_at = bucket.load(std::memory_order_relaxed);
  for (;;) {
    const std::int64_t next = std::max(full_at, now_ns) + interval_ns;
    if (next - now_ns > burst_ns) return false;
    if (bucket.compare_exchange_weak(full_at, next, std::memory_order_relaxed)) return true;
  }
}

bool AcceptRate::try_admit(MonoTime now) {
  const std::int64_t interval = interval_ns_.load(std::memory_order_relaxed);
  return interval == 0 || try_take(upgrades_, interval, burst_ns_.load(std::memory_order_relaxed), now);
}

bool AcceptRate::try_shake_hands(MonoTime now) {
  constexpr std::int64_t kPart = kHandshakesPerUpgrade;
  const std::int64_t interval = interval_ns_.load(std::memory_order_relaxed);
  if (interval == 0) return true;
  const std::int64_t shorter = std::max<std::int64_t>(interval / kPart, 1);
  const std::int64_t upgrades = burst_ns_.load(std::memory_order_relaxed) / interval;
  return try_take(handshakes_, shorter, shorter * upgrades * kPart, now);
}

std::uint32_t AcceptRate::retry_after_s(MonoTime now) {
  const std::int64_t interval = interval_ns_.load(std::memory_order_relaxed);
  if (!try_take(returns_, interval, kQueueMaxNs, now)) {
    return 1 + static_cast<std::uint32_t>(random_.up_to(static_cast<std::uint64_t>(kRetryMax.count()) - 1));
  }
  const std::int64_t place = std::max<std::int64_t>(returns_.load(std::memory_order_relaxed) - ns_of(now), 0);
  const auto more = random_.up_to(static_cast<std::uint64_t>(std::max(kSecondNs, place / 2)));
  const std::int64_t wait = place + static_cast<std::int64_t>(more);
  const std::int64_t whole = (wait + kSecondNs - 1) / kSecondNs;
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(whole, 1, kRetryMax.count()));
}

}  // namespace carillon::client
