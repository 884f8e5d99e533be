#include "gateway/drain.h"

#include <algorithm>

namespace carillon::gateway {

milliseconds drain_window(milliseconds longest, std::uint64_t clients, std::uint32_t rate) {
  const auto whole_seconds = clients / rate;
  if (whole_seconds > static_cast<std::uint64_t>(longest.count()) / 1000) return longest;
  return std::min(longest, milliseconds(clients * 1000 / rate));
}

std::uint64_t DrainPace::due_in_all(MonoTime now) const {
  const auto elapsed = std::chrono::duration_cast<milliseconds>(now - begin_);
  if (elapsed >= window_) return clients_;
  return clients_ * static_cast<std::uint64_t>(std::max<std::int64_t>(elapsed.count(), 0)) /
         static_cast<std::uint64_t>(window_.count());
}

std::uint64_t DrainPace::due(MonoTime now) const {
  const auto all = due_in_all(now);
  return all > closed_ ? std::min(all - closed_, kClosesATurn) : 0;
}

MonoTime DrainPace::next_wake(MonoTime now) const {
  if (done()) return MonoTime::max();
  return due(now) > 0 ? now : now + kStep;
}

milliseconds DrainPace::return_delay(milliseconds returns) const {
  if (returns <= window_ || clients_ == 0) return kReturnDelayMin;
  const auto closed = static_cast<std::int64_t>(std::min(closed_, clients_));
  return kReturnDelayMin + (returns - window_) * closed / static_cast<std::int64_t>(clients_);
}

bool DrainEnd::is_over(MonoTime now, std::uint64_t clients, std::uint64_t requests) const {
  if (now >= requests_until_) return true;
  return requests == 0 && (clients == 0 || now >= clients_until_);
}

}  // namespace carillon::gateway
