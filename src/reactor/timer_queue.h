#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <unordered_map>
#include <utility>

#include "base/time.h"

namespace carillon::reactor {

// TimerQueue: the loop's few one-shot timers, each with a function. Pure: the caller passes in the time.
//
// For tens of timers (back-off, probes, deadlines of outgoing connections). Those of client
// connections live in a TimerWheel, which needs no function and no allocation for each.
//
// Thread: one.
class TimerQueue {
 public:
  using Id = std::uint64_t;  // never used twice; 0 is none

  Id add(MonoTime deadline, std::function<void()> callback);
  void cancel(Id id);  // a timer that ran, or 0: no effect

  // Calls the timers that are due, earliest first, and equal ones in the order of add(). A timer that a
  // callback adds waits for the next call even when it is due, so that a timer without a delay cannot block
  // the loop. A callback may cancel any timer, even one that is due in the same call.
  void run_due(MonoTime now);

  MonoTime next_deadline() const;  // MonoTime::max() when there is none
  std::size_t size() const { return timers_.size(); }

 private:
  using Key = std::pair<MonoTime, Id>;
  std::map<Key, std::function<void()>> timers_;
  std::unordered_map<Id, MonoTime> deadlines_;
  Id last_id_ = 0;
};

}  // namespace carillon::reactor
