#include "fanout/backlog.h"

#include <algorithm>

namespace carillon::fanout {

std::optional<FanOut::Backlog::Sample> FanOut::Backlog::sample(Counted counted) const {
  Sample sample;
  bool skips = skips_without_logs();
  sample.seen.blocked = subscriber_.blocked;
  sample.seen.held_bytes = subscriber_.blocked ? engine_.host_.held_back(id_) : 0;
  sample.seen.unsent_bytes = sample.seen.held_bytes;
  for (const Subscription& each : subscriber_.subscriptions) {
    const LogState& log = log_of(each);
    if (counted == Counted::logs_that_close && !closes(log)) {
      skips = true;
      continue;
    }
    const Cursor cursor = log.members.at(each.position()).cursor;
    if (log.events.pending(cursor) == 0) continue;
    if (log.events.lost(cursor) > 0) {
      sample.is_judged = sample.lost = true;
      return sample;
    }
    const auto behind = bytes_behind(each);
    if (!behind) return std::nullopt;
    sample.seen.behind_bytes += *behind;
    const std::uint32_t age = elapsed_ms(log.events.at(cursor).appended_ms, engine_.now_ms_);
    if (*behind > 0) sample.seen.oldest_age_ms = std::max(sample.seen.oldest_age_ms, age);
  }
  sample.is_judged = !skips || sample.seen.behind_bytes > 0;
  if (const Outbox* const outbox = subscriber_.outbox.get(); outbox && !outbox->empty()) {
    sample.seen.unsent_bytes += outbox->size();
    if (!skips || begins_with_rest_of_closing_log()) {
      const std::uint32_t age = elapsed_ms(outbox->oldest_ms(), engine_.now_ms_);
      sample.seen.oldest_age_ms = std::max(sample.seen.oldest_age_ms, age);
      sample.is_judged = true;
    }
  }
  sample.seen.unsent_bytes += sample.seen.behind_bytes;
  return sample;
}

// The log may have ended since the event was cut.
bool FanOut::Backlog::begins_with_rest_of_closing_log() const {
  const CutEvent& cut = subscriber_.outbox->cut();
  return cut.number != 0 && engine_.logs_[cut.log].in_use && closes(engine_.logs_[cut.log]);
}

// The backlog in one log; in a mixed log only the events that the subscriber receives.
std::optional<std::uint64_t> FanOut::Backlog::bytes_behind(const Subscription& subscription) const {
  const LogState& log = log_of(subscription);
  const Cursor cursor = log.members.at(subscription.position()).cursor;
  if (!log.mixed) return log.events.pending_bytes(cursor);
  const std::uint32_t pending = log.events.pending(cursor);
  if (pending > engine_.mixed_events_left_) {
    engine_.mixed_events_left_ = 0;
    return std::nullopt;
  }
  engine_.mixed_events_left_ -= pending;
  const TagMask mask = engine_.mask_of(subscription.log(), id_);
  std::uint64_t bytes = 0;
  for (Cursor c = cursor; c != log.events.head(); ++c) {
    const LogEntry& entry = log.events.at(c);
    if ((mask & carillon::mask_of(entry.tag)) != 0) bytes += entry.size;
  }
  return bytes;
}

std::uint64_t FanOut::Backlog::bytes_to_shed() const {
  if (!subscriber_.in_use || !subscriber_.was_slow || subscriber_.judged || subscriber_.dismissed) return 0;
  std::uint64_t bytes = 0;
  bool skips = skips_without_logs();
  for (const Subscription& each : subscriber_.subscriptions) {
    const LogState& log = log_of(each);
    if (closes(log)) {
      bytes += log.events.pending_bytes(log.members.at(each.position()).cursor);
    } else {
      skips = true;
    }
  }
  if (skips && bytes == 0) return 0;
  return bytes + (subscriber_.outbox ? subscriber_.outbox->size() : 0);
}

}  // namespace carillon::fanout
