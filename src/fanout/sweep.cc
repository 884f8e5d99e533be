// The order of visits (dirty logs in turn, ready subscribers between them), and which events a log may drop.
#include <algorithm>

#include "fanout/fan_out.h"

namespace carillon::fanout {
namespace {

// Skipping members that need nothing still costs time; this many count as one write.
constexpr std::uint32_t kLooksAWrite = 256;

// A step of the walk, once per slice: how many records it passes, and how many subscribers may then be ready.
// A slice makes about a hundred writes.
constexpr std::uint32_t kRecordsAStep = 16 * 1024;
constexpr std::size_t kReadyByWalk = 128;

}  // namespace

bool FanOut::run_slice(MonoTime now) {
  now_ms_ = wrapping_ms(now);
  has_shed_ = false;
  if (notices_.is_walking()) walk_notices();
  while ((!ready_.empty() || !dirty_.empty()) && !host_.slice_is_over()) {
    // Neither may starve the other: the ready get as many visits as the last log's turn made writes.
    if (dirty_.empty() || (visits_due_ > 0 && !ready_.empty())) {
      --visits_due_;
      flush_next_ready();
      continue;
    }
    const LogId id = dirty_.front();
    dirty_.pop_front();
    visits_due_ = std::max(sweep(id), 1);
  }
  if (has_work()) return true;
  idle_ms_ = now_ms_;
  return false;
}

// Makes the next subscribers ready that have not been told what was announced. Those that are blocked or
// ready are visited in any case, once they can take bytes.
void FanOut::walk_notices() {
  SubscriberId id = notices_.walked();
  for (std::uint32_t i = 0; i < kRecordsAStep && id < subscribers_.size(); ++i, ++id) {
    if (ready_.size() >= kReadyByWalk) break;
    const Subscriber& subscriber = subscribers_[id];
    if (!subscriber.in_use || !subscriber.owed.any || subscriber.judged) continue;
    if (!subscriber.blocked) set_standing(id, Standing::ready);
  }
  notices_.walk_to(id);
  if (id >= subscribers_.size()) notices_.end_walk();
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
    if (member.subscriber != kNoSubscriber && log.events.pending(member.cursor) != 0 &&
        subscribers_[member.subscriber].is_visited_by_sweep()) {
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

// Drops the events that no member needs any more, as far as that is known in O(1): while a member has a
// backlog, its log keeps everything until check_lag() has found out what is still needed.
void FanOut::trim(LogState& log) {
  if (log.events.size() == 0) return;
  if (log.blocked + log.ready == 0) drop_all_but(log, log.events.pending(log.had_by_all()));
  if (log.blocked > 0) drop_beyond_window(log);
  while (log.events.bytes() > options_.log_bytes_hard_max) drop_until(log, log.events.tail() + 1);
}

void FanOut::drop_all_but(LogState& log, std::uint32_t needed) {
  if (needed < log.events.size()) drop_until(log, log.events.head() - needed);
}

// Where slow members are not closed, a log keeps at most the window for blocked members, but everything that
// members with a writable socket have not been sent, and with `latest` always its newest event.
void FanOut::drop_beyond_window(LogState& log) {
  const LogRule& rule = log.rule(rules_);
  if (rule.closes() || log.ready > 0) return;
  const std::uint32_t kept = rule.policy == LagPolicy::latest ? 1 : 0;
  const std::uint32_t needed = std::max(log.events.pending(log.had_by_all()), kept);
  while (log.events.bytes() > rule.bytes_max && needed < log.events.size())
    drop_until(log, log.events.tail() + 1);
}

// The events of the process have exhausted their budget. The subscriber with the largest backlog here is
// closed as slow. If this engine's own logs exceed the budget although none has a backlog, the fault is ours:
// the log that grew drops its oldest events.
void FanOut::relieve_memory(LogState& appended) {
  if (!has_shed_) {
    has_shed_ = true;  // once per slice, because it checks every lagging subscriber
    if (shed_behind()) return;
  }
  if (counters_.retained_bytes <= options_.memory.bytes_max()) return;
  while (appended.events.size() > 0 && counters_.retained_bytes > options_.memory.bytes_max()) {
    drop_until(appended, appended.events.tail() + 1);
  }
}

void FanOut::drop_until(LogState& log, Cursor cursor) {
  const std::uint32_t before = log.events.bytes();
  const std::uint32_t ring_before = log.events.ring_bytes();
  log.events.drop_until(cursor);
  counters_.retained_bytes -= before - log.events.bytes();
  count_ring(ring_before, log.events.ring_bytes());
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

}  // namespace carillon::fanout
