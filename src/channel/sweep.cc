// Whose turn it is: dirty logs round-robin, ready subscribers between them; and what a log may forget.
#include "base/assert.h"
#include "channel/fan_out.h"

namespace carillon::channel {
namespace {

// A sweep over members that need nothing still costs time; so many count as one write.
constexpr std::uint32_t kLooksAWrite = 256;

}  // namespace

bool FanOut::run_slice(MonoTime now) {
  now_ms_ = wrapping_ms(now);
  bool ready_turn = true;
  while ((!ready_.empty() || !dirty_.empty()) && !host_.slice_is_over()) {
    // Neither may starve the other: a visit to a ready subscriber, then one log's turn.
    if ((ready_turn && !ready_.empty()) || dirty_.empty()) {
      flush_next_ready();
    } else {
      const LogId id = dirty_.front();
      dirty_.pop_front();
      sweep(id);
    }
    ready_turn = !ready_turn;
  }
  return !ready_.empty() || !dirty_.empty();
}

void FanOut::flush_next_ready() {
  const SubscriberId id = ready_.front();
  ready_.pop_front();
  subscribers_[id].queued = false;
  // It may have left, or have been judged, since it was queued.
  if (subscribers_[id].in_use && subscribers_[id].ready) flush(id);
}

void FanOut::sweep(LogId id) {
  LogState& log = logs_[id];
  if (!log.in_use) {  // removed while it was queued
    std::destroy_at(&log);
    std::construct_at(&log);
    free_logs_.push_back(id);
    return;
  }
  std::uint32_t looks = 0;
  int writes = 0;
  while (log.members.sweeping() && writes < kWritesATurn) {
    const Member& member = log.members.advance(log.events.head());
    if (member.subscriber == kNobody || log.events.pending(member.cursor) == 0) {
      if (++looks % kLooksAWrite == 0) ++writes;
      continue;
    }
    const Subscriber& subscriber = subscribers_[member.subscriber];
    if (subscriber.blocked || subscriber.ready || subscriber.judged) continue;
    flush(member.subscriber);
    ++writes;
    if (host_.slice_is_over()) break;
  }
  trim(log);
  if (log.members.sweeping()) {
    dirty_.push_back(id);
    return;
  }
  log.queued = false;
  compact(id);
}

// Drops what nobody needs any more; beyond the window also what blocked subscribers still need, and
// beyond the hard cap what anybody needs.
void FanOut::trim(LogState& log) {
  if (log.events.size() == 0) return;
  const bool sweeping = log.members.sweeping();
  const Cursor had_by_all = sweeping ? log.members.swept_until() : log.events.head();
  const auto droppable = [&] { return log.events.pending(had_by_all) < log.events.size(); };
  if (log.stragglers == 0) {
    if (droppable()) drop_until(log, had_by_all);
  } else if (ready_.empty()) {
    const std::uint32_t window = policies_[log.policy].bytes_max;
    while (log.events.bytes() > window && droppable()) drop_oldest(log);
  }
  while (log.events.size() > 0 && (log.events.bytes() > options_.log_bytes_hard_max ||
                                   counters_.retained_bytes > options_.all_logs_bytes_max)) {
    if (!droppable()) ++counters_.overruns;
    drop_oldest(log);
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
      if (each.log == id) each.position = position;
    }
  });
}

}  // namespace carillon::channel
