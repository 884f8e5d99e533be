#include "fanout/merge.h"

#include <algorithm>
#include <utility>

namespace carillon::fanout {

bool FanOut::Merge::gather(const FanOut& engine, SubscriberId id, std::uint64_t number_max, Visit& visit) {
  return Merge(engine, id, number_max).gather(visit);
}

bool FanOut::Merge::gather(Visit& visit) {
  if (!find_next()) return false;
  std::make_heap(nexts_.begin(), end(), is_later);
  while (size_ > 0) {
    std::pop_heap(nexts_.begin(), end(), is_later);
    Next& next = *(end() - 1);
    const std::uint64_t until = size_ > 1 ? std::min(number_max_, nexts_.front().number) : number_max_;
    if (next.number > number_max_ || visit.segment_count == kPiecesMax || !add_run(visit, next, until)) {
      visit.more = true;
      return true;
    }
    if (next.cursor == log_of(next.subscription).events.head()) {
      --size_;
    } else {
      std::push_heap(nexts_.begin(), end(), is_later);
    }
  }
  visit.more = number_max_ != kNoLimit;
  return true;
}

// Finds the logs with the earliest events, as many as a write can have segments. The others limit what may
// be sent before them.
bool FanOut::Merge::find_next() {
  const auto& subscriptions = engine_.subscribers_[id_].subscriptions;
  for (std::uint32_t i = 0; i < subscriptions.size(); ++i) {
    const LogState& log = log_of(i);
    const Cursor cursor = log.members.at(subscriptions[i].position()).cursor;
    if (cursor == log.events.head()) continue;
    if (log.events.lost(cursor) != 0) return false;
    const Next next{log.events.at(cursor).frame->number(), i, cursor};
    if (size_ == nexts_.size()) {
      leave_out(next);
      continue;
    }
    nexts_[size_++] = next;
    std::push_heap(nexts_.begin(), end(), is_earlier);
  }
  return true;
}

// Of one log too many: keeps the one with the latest event out of the heap.
void FanOut::Merge::leave_out(Next next) {
  if (is_earlier(next, nexts_.front())) {
    std::pop_heap(nexts_.begin(), end(), is_earlier);
    std::swap(next, *(end() - 1));
    std::push_heap(nexts_.begin(), end(), is_earlier);
  }
  number_max_ = std::min(number_max_, next.number);
}

// Adds the events of one log up to a number; returns false when the write is full.
bool FanOut::Merge::add_run(Visit& visit, Next& next, std::uint64_t until) {
  const Subscriber& subscriber = engine_.subscribers_[id_];
  const LogState& log = log_of(next.subscription);
  const TagMask mask = engine_.mask_of(subscriber.subscriptions[next.subscription].log(), id_);
  Visit::Segment run{next.subscription, next.cursor, next.cursor, 0};
  bool fits = true;
  for (; run.end != log.events.head(); ++run.end) {
    const LogEntry& entry = log.events.at(run.end);
    next.number = entry.frame->number();
    if (next.number > until) break;
    if ((mask & carillon::mask_of(entry.tag)) == 0) {
      ++run.passed_over;
    } else if (!visit.add(engine_.bytes_of(log, subscriber, entry))) {
      fits = false;
      break;
    }
  }
  next.cursor = run.end;
  if (run.end != run.first) visit.segments[static_cast<std::size_t>(visit.segment_count++)] = run;
  return fits;
}

}  // namespace carillon::fanout
