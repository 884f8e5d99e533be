// Whose turn it is: dirty logs round-robin, ready subscribers between them; and what a log may forget.
#include <algorithm>

#include "channel/fan_out.h"

namespace carillon::channel {
namespace {

// A sweep over members that need nothing still costs time; so many count as one write.
constexpr std::uint32_t kLooksAWrite = 256;

}  // namespace

bool FanOut::run_slice(MonoTime now) {
  now_ms_ = wrapping_ms(now);
  nothing_to_shed_ = false;
  while (has_work() && !host_.slice_is_over()) {
    // Neither may starve the other: as many visits to the ready as the last log's turn made writes.
    if (dirty_.empty() || (visits_due_ > 0 && !ready_.empty())) {
      --visits_due_;
      flush_next_ready();
      continue;
    }
    const LogId id = dirty_.front();
    dirty_.pop_front();
    visits_due_ = std::max(sweep(id), 1);
  }
  return has_work();
}

void FanOut::flush_next_ready() {
  const SubscriberId id = ready_.front();
  ready_.pop_front();
  subscribers_[id].queued = false;
  // It may have left, or have been judged, since it was queued.
  if (subscribers_[id].in_use && subscribers_[id].ready) flush(id);
}

int FanOut::sweep(LogId id) {
  LogState& log = logs_[id];
  if (!log.in_use) {  // removed while it was queued
    free_log(id);
    return 0;
  }
  std::uint32_t looks = 0;
  int writes = 0;
  while (log.members.sweeping() && writes < kWritesATurn) {
    const Member& member = log.members.advance(log.events.head());
    if (needs_visit(log, member)) {
      flush(member.subscriber);
    } else if (++looks % kLooksAWrite != 0) {
      continue;
    }
    ++writes;
    if (host_.slice_is_over()) break;
  }
  trim(log);
  if (log.members.sweeping()) {
    dirty_.push_back(id);
    return writes;
  }
  log.queued = false;
  compact(id);
  return writes;
}

// The blocked wait for their sockets, and the ready have a turn of their own.
bool FanOut::needs_visit(const LogState& log, const Member& member) const {
  if (member.subscriber == kNobody || log.events.pending(member.cursor) == 0) return false;
  const Subscriber& subscriber = subscribers_[member.subscriber];
  return !subscriber.blocked && !subscriber.ready && !subscriber.judged;
}

// Drops what nobody needs any more; beyond the window also what only blocked subscribers still need,
// and beyond the hard caps what anybody needs.
void FanOut::trim(LogState& log) {
  if (log.events.size() == 0) return;
  forget_swept(log, log.blocked > 0 ? policies_[log.policy].bytes_max : 0);
  while (log.events.bytes() > options_.log_bytes_hard_max) drop_oldest(log);
  if (counters_.retained_bytes > options_.all_logs_bytes_max) shed_for_all_logs(log);
}

// Down to `window` bytes, but nothing that one who can take bytes has not been sent.
void FanOut::forget_swept(LogState& log, std::uint32_t window) {
  if (log.ready > 0) return;
  const Cursor had_by_all = log.members.sweeping() ? log.members.swept_until() : log.events.head();
  if (window == 0) {
    if (log.events.pending(had_by_all) < log.events.size()) drop_until(log, had_by_all);
    return;
  }
  while (log.events.bytes() > window && log.events.pending(had_by_all) < log.events.size()) drop_oldest(log);
}

// All logs together are over their budget. First goes what only blocked subscribers still need, in
// whichever log it lies; then, as with the hard cap of one log, the oldest of the one that grew.
void FanOut::shed_for_all_logs(LogState& appended) {
  const std::uint64_t goal = options_.all_logs_bytes_max - options_.all_logs_bytes_max / 8;
  for (std::size_t i = 0; i < blocked_.size() && !nothing_to_shed_; ++i) {
    const Subscriber& subscriber = subscribers_[blocked_[i]];
    if (!subscriber.blocked) continue;
    for (const Subscription& each : subscriber.subscriptions) forget_swept(logs_[each.log()], 0);
    if (counters_.retained_bytes <= goal) return;
  }
  nothing_to_shed_ = true;  // once a slice, for it looks at every blocked subscriber
  while (appended.events.size() > 0 && counters_.retained_bytes > options_.all_logs_bytes_max) {
    drop_oldest(appended);
  }
}

void FanOut::drop_oldest(LogState& log) { drop_until(log, log.events.tail() + 1); }

void FanOut::drop_until(LogState& log, Cursor cursor) {
  const std::uint32_t before = log.events.bytes();
  log.events.drop_until(cursor);
  counters_.retained_bytes -= before - log.events.bytes();
}

void FanOut::compact(LogId id) {
  LogState& log = logs_[id];
  constexpr std::uint32_t kNotWorthIt = 16;
  const std::uint32_t tombstones = log.members.tombstones();
  if (tombstones < kNotWorthIt || tombstones * 2 < log.members.slots()) return;
  log.members.compact([&](SubscriberId moved, std::uint32_t position) {
    for (Subscription& each : subscribers_[moved].subscriptions) {
      if (each.log() == id) each.move_to(position);
    }
  });
}

}  // namespace carillon::channel
