// Subscribers with a backlog: the events they need are kept, and lag_watch.h judges them over time. A
// subscriber that the sweep has not reached yet is never slow: only those that have had a short write are
// checked.
#include <algorithm>
#include <cstdlib>
#include <memory>

#include "fanout/backlog.h"
#include "fanout/fan_out.h"

namespace carillon::fanout {
namespace {

// After a longer pause of the process (a stop), earlier observations do not count.
constexpr std::uint32_t kCheckPauseMax = 1000;
// How many events of mixed logs one check_lag() counts; the remaining subscribers are checked next time.
constexpr std::uint32_t kMixedEventsACheck = 200'000;

}  // namespace

void FanOut::set_standing(SubscriberId id, Standing standing) {
  Subscriber& subscriber = subscribers_[id];
  // The end of nearly every visit.
  if (standing == Standing::caught_up && !subscriber.blocked && !subscriber.ready) return;
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
    lagging_.push_back({id, LagWatch(now_ms_)});
  }
  if (standing == Standing::caught_up) {
    subscriber.was_slow = false;
    subscriber.caught_up = true;
  }
  if (subscriber.blocked == was_blocked && subscriber.ready == was_ready) return;
  for (const Subscription& each : subscriber.subscriptions) {
    LogState& log = logs_[each.log()];
    log.blocked = log.blocked + (subscriber.blocked ? 1 : 0) - (was_blocked ? 1 : 0);
    log.ready = log.ready + (subscriber.ready ? 1 : 0) - (was_ready ? 1 : 0);
    trim(log);
  }
}

// Calls `use` for every subscriber that is blocked (in lagging_) or ready (in ready_).
template <class Use>
void FanOut::for_each_behind(Use&& use) {
  const auto use_logs = [&](SubscriberId id) {
    for (const Subscription& each : subscribers_[id].subscriptions) use(logs_[each.log()], each);
  };
  for (const Lagging& each : lagging_) {
    if (subscribers_[each.subscriber].in_use && subscribers_[each.subscriber].blocked)
      use_logs(each.subscriber);
  }
  for (const SubscriberId id : ready_) {
    if (subscribers_[id].in_use && subscribers_[id].ready) use_logs(id);
  }
}

// trim() keeps everything while a member has a backlog; this finds the oldest event that any of them needs.
// The table exists only during the call, and only the pages that are touched cost memory.
void FanOut::drop_what_none_needs() {
  if (counters_.retained_bytes == 0) return;
  using Table = std::unique_ptr<std::uint32_t[], decltype(&std::free)>;
  const Table needed(static_cast<std::uint32_t*>(std::calloc(logs_.size(), sizeof(std::uint32_t))),
                     &std::free);
  if (!needed) return;  // the next check tries again
  const auto needed_of = [&](const Subscription& each) -> std::uint32_t& { return needed[each.log()]; };
  for_each_behind([&](LogState& log, const Subscription& each) {
    const std::uint32_t pending = log.events.pending(log.members.at(each.position()).cursor);
    needed_of(each) = std::max(needed_of(each), pending);
  });
  for_each_behind([&](LogState& log, const Subscription& each) {
    if (log.events.size() == 0) return;
    drop_all_but(log, std::max(needed_of(each), log.events.pending(log.had_by_all())));
  });
}

void FanOut::check_lag(MonoTime now) {
  now_ms_ = wrapping_ms(now);
  has_shed_ = false;
  if (!has_work()) idle_ms_ = now_ms_;
  if (elapsed_ms(lag_checked_ms_, now_ms_) > kCheckPauseMax) {
    for (Lagging& each : lagging_) {
      each.watch.restart(now_ms_);
      Outbox* const outbox = subscribers_[each.subscriber].outbox.get();
      if (outbox && outbox->replay()) outbox->replay()->restart(now_ms_);
    }
  }
  lag_checked_ms_ = now_ms_;
  mixed_events_left_ = kMixedEventsACheck;
  std::size_t kept = 0;
  for (Lagging& each : lagging_) {
    if (look_at(each)) {
      lagging_[kept++] = each;
    } else {
      subscribers_[each.subscriber].listed = false;
    }
  }
  lagging_.resize(kept, {0, LagWatch(0)});
  // The next check begins with the subscribers that this one did not reach.
  if (mixed_events_left_ == 0) {
    std::rotate(lagging_.begin(), lagging_.begin() + static_cast<std::ptrdiff_t>(kept / 2), lagging_.end());
  }
  drop_what_none_needs();
  if (options_.memory.is_exhausted()) shed_behind();
}

// Returns false when the subscriber need not be checked any more.
bool FanOut::look_at(Lagging& lagging) {
  Subscriber& subscriber = subscribers_[lagging.subscriber];
  if (!subscriber.in_use || !subscriber.was_slow || subscriber.judged || subscriber.dismissed) return false;
  if (subscriber.caught_up) lagging.watch.restart(now_ms_);
  subscriber.caught_up = false;
  if (const Replay* const replay = subscriber.outbox ? subscriber.outbox->replay() : nullptr) {
    // Its logs wait because of the replay, which has limits of its own.
    lagging.watch.restart(now_ms_);
    if (!replay->is_too_slow(rules_.groups[subscriber.group].replay_ms_max, now_ms_)) return true;
    judge(lagging.subscriber, Verdict::What::slow_by_age);
    return false;
  }
  const auto sample = Backlog(*this, lagging.subscriber).sample(Backlog::Counted::logs_that_close);
  if (!sample) return true;  // not this time
  if (!sample->is_judged) {
    lagging.watch.restart(now_ms_);
    return true;
  }
  using Finding = LagWatch::Finding;
  const LagRule& rule = rules_.groups[subscriber.group];
  const std::uint32_t busy_ms = elapsed_ms(idle_ms_, now_ms_);
  switch (sample->lost ? Finding::slow_by_bytes : lagging.watch.look(rule, sample->seen, now_ms_, busy_ms)) {
    case Finding::keeps_up:
      return true;
    case Finding::engine_is_slow:
      ++counters_.late;
      return true;
    case Finding::slow_by_bytes:
      judge(lagging.subscriber, Verdict::What::slow_by_bytes);
      return false;
    case Finding::slow_by_age:
      judge(lagging.subscriber, Verdict::What::slow_by_age);
      return false;
  }
  return true;
}

// --- when memory is short -----------------------------------------------------------------------

bool FanOut::shed_furthest_behind(MonoTime now) {
  now_ms_ = wrapping_ms(now);
  return shed_behind();
}

// A shard whose logs hold little is not the cause of a memory shortage: only its subscribers over their own
// limit count.
bool FanOut::shed_behind() {
  const bool holds_much = counters_.retained_bytes >= options_.memory.share() / 2;
  std::uint64_t furthest = 0;
  for (const Lagging& each : lagging_) {
    const std::uint64_t unsent = Backlog(*this, each.subscriber).bytes_to_shed();
    if (holds_much || unsent > rules_.groups[subscribers_[each.subscriber].group].bytes_max) {
      furthest = std::max(furthest, unsent);
    }
  }
  if (furthest == 0) return false;
  for (const Lagging& each : lagging_) {
    if (Backlog(*this, each.subscriber).bytes_to_shed() >= furthest - furthest / 8) {
      judge(each.subscriber, Verdict::What::slow_by_memory);
    }
  }
  drop_what_none_needs();
  return true;
}

// The engine sends nothing more to this subscriber, and the host removes it after the slice.
void FanOut::judge(SubscriberId id, Verdict::What what) {
  set_standing(id, Standing::caught_up);
  subscribers_[id].judged = true;
  verdicts_.push_back({id, what});
  if (what == Verdict::What::slow_by_bytes) ++counters_.slow_by_bytes;
  if (what == Verdict::What::slow_by_age) ++counters_.slow_by_age;
  if (what == Verdict::What::slow_by_memory) ++counters_.slow_by_memory;
}

}  // namespace carillon::fanout
