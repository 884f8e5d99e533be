#include "reactor/timer_queue.h"

#include <utility>

namespace carillon::reactor {

TimerQueue::Id TimerQueue::add(MonoTime deadline, std::function<void()> callback) {
  const Id id = ++last_id_;
  timers_.emplace(Key(deadline, id), std::move(callback));
  deadlines_.emplace(id, deadline);
  return id;
}

void TimerQueue::cancel(Id id) {
  const auto found = deadlines_.find(id);
  if (found == deadlines_.end()) return;
  // The function may own things whose destructors cancel timers: the tables are whole before it goes.
  const auto timer = timers_.extract(Key(found->second, id));
  deadlines_.erase(found);
}

void TimerQueue::run_due(MonoTime now) {
  const Id newest = last_id_;
  auto timer = timers_.begin();
  while (timer != timers_.end() && timer->first.first <= now) {
    if (timer->first.second > newest) {  // added by a callback of this call
      ++timer;
      continue;
    }
    const Key key = timer->first;
    const auto taken = timers_.extract(timer);
    deadlines_.erase(key.second);
    taken.mapped()();
    timer = timers_.upper_bound(key);  // whatever the callback added or cancelled
  }
}

MonoTime TimerQueue::next_deadline() const {
  return timers_.empty() ? MonoTime::max() : timers_.begin()->first.first;
}

}  // namespace carillon::reactor
