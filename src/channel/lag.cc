// Those that cannot take bytes. Slow means blocked: the last write came up short. "Not yet swept" is
// never slow.
#include <algorithm>

#include "channel/fan_out.h"

namespace carillon::channel {

void FanOut::set_standing(SubscriberId id, Standing standing) {
  Subscriber& subscriber = subscribers_[id];
  const bool was_blocked = subscriber.blocked;
  const bool was_ready = subscriber.ready;
  subscriber.blocked = standing == Standing::blocked;
  subscriber.ready = standing == Standing::ready;

  if (subscriber.ready && !subscriber.queued) {
    subscriber.queued = true;
    ready_.push_back(id);
  }
  if (subscriber.blocked != was_blocked) counters_.blocked += subscriber.blocked ? 1 : -std::uint64_t{1};
  if (subscriber.blocked) subscriber.was_slow = true;
  if (subscriber.blocked && !subscriber.listed) {
    subscriber.listed = true;
    blocked_.push_back(id);
  }
  if (standing == Standing::caught_up) subscriber.was_slow = false;
  if (subscriber.blocked == was_blocked && subscriber.ready == was_ready) return;
  for (const Subscription& each : subscriber.subscriptions) {
    LogState& log = logs_[each.log()];
    log.blocked = log.blocked + (subscriber.blocked ? 1 : 0) - (was_blocked ? 1 : 0);
    log.ready = log.ready + (subscriber.ready ? 1 : 0) - (was_ready ? 1 : 0);
    trim(log);
  }
}

void FanOut::check_lag(MonoTime now) {
  now_ms_ = wrapping_ms(now);
  nothing_to_shed_ = false;
  std::size_t kept = 0;
  for (const SubscriberId id : blocked_) {
    Subscriber& subscriber = subscribers_[id];
    if (!subscriber.in_use || !subscriber.blocked || subscriber.dismissed) {
      subscriber.listed = false;
      continue;
    }
    Verdict::What why{};
    if (is_too_slow(subscriber, why)) {
      subscriber.listed = false;
      judge(id, why);
      continue;
    }
    blocked_[kept++] = id;
  }
  blocked_.resize(kept);
}

// Times come from several callers; one that is a millisecond behind another must not look 49 days old.
std::uint32_t FanOut::age_of(std::uint32_t since_ms) const {
  const auto age = static_cast<std::int32_t>(now_ms_ - since_ms);
  return age < 0 ? 0 : static_cast<std::uint32_t>(age);
}

bool FanOut::is_too_slow(const Subscriber& subscriber, Verdict::What& why) const {
  const LagRule& rule = policies_[subscriber.policy];
  if (rule.policy == LagRule::Policy::skip) return false;
  std::uint64_t bytes = 0;
  std::uint32_t oldest_age = 0;
  bool lost = false;
  if (subscriber.outbox && !subscriber.outbox->empty()) {
    oldest_age = age_of(subscriber.outbox->oldest_ms());
  }
  for (std::uint32_t i = 0; i < subscriber.subscriptions.size(); ++i) {
    const Subscription& each = subscriber.subscriptions[i];
    const LogState& log = logs_[each.log()];
    const Cursor cursor = log.members.at(each.position()).cursor;
    if (log.events.pending(cursor) == 0) continue;
    if (log.events.lost(cursor) > 0) {
      lost = true;
      break;
    }
    bytes += log.events.pending_bytes(cursor);
    oldest_age = std::max(oldest_age, age_of(log.events.at(cursor).appended_ms));
  }
  if (lost || bytes > rule.bytes_max) {
    why = Verdict::What::slow_by_bytes;
    return true;
  }
  why = Verdict::What::slow_by_age;
  return oldest_age > rule.age_ms_max;
}

// The engine is done with this subscriber: it is neither swept nor owed anything, and the host takes
// it away after the slice.
void FanOut::judge(SubscriberId id, Verdict::What what) {
  set_standing(id, Standing::caught_up);
  subscribers_[id].judged = true;
  verdicts_.push_back({id, what});
}

}  // namespace carillon::channel
