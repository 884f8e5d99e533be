#include "gateway/read_queue.h"

#include <algorithm>

namespace carillon::gateway {

void ReadQueue::push(Lane lane, Waiting connection) {
  Queue& queue = lanes_[static_cast<std::size_t>(lane)];
  if (queue.waiting.empty() && waiting_ > 0) {
    // A lane that was empty saves up no time: it begins level with the one that goes next.
    MonoClock::duration least = MonoClock::duration::max();
    for (const Queue& each : lanes_) {
      if (!each.waiting.empty()) least = std::min(least, each.used);
    }
    queue.used = std::max(queue.used, least);
  }
  queue.waiting.push_back(connection);
  ++waiting_;
}

void ReadQueue::begin_slice(MonoTime now, MonoClock::duration slice) {
  now_ = now;
  slice_end_ = now + slice;
  visits_left_ = kVisitsATurnMax;
}

std::optional<ReadQueue::Waiting> ReadQueue::next() {
  if (waiting_ == 0 || slice_is_over()) return std::nullopt;
  visited_ = lanes_.size();
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    if (lanes_[lane].waiting.empty()) continue;
    if (visited_ == lanes_.size() || lanes_[lane].used < lanes_[visited_].used) visited_ = lane;
  }
  Queue& queue = lanes_[visited_];
  const Waiting connection = queue.waiting.front();
  queue.waiting.pop_front();
  --waiting_;
  --visits_left_;
  return connection;
}

void ReadQueue::end_visit(MonoTime now) {
  lanes_[visited_].used += now - now_;
  now_ = now;
}

}  // namespace carillon::gateway
