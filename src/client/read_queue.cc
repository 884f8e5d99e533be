#include "client/read_queue.h"

#include <algorithm>

namespace carillon::client {

void ReadQueue::push(Lane lane, Waiting connection) {
  Queue& queue = lanes_[static_cast<std::size_t>(lane)];
  // An empty lane does not accumulate unused time, and is not charged for time it used while no other lane
  // waited.
  if (queue.waiting.empty()) queue.used = std::max(queue.used, served_);
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
  Queue& queue = lanes_[visited_];
  queue.used += now - now_;
  served_ = queue.used;
  now_ = now;
}

}  // namespace carillon::client
