#include "virtual_loop.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace carillon::simulation {
namespace {

bool is_readable(int fd) {
  pollfd asked{fd, POLLIN, 0};
  return ::poll(&asked, 1, 0) > 0;
}

}  // namespace

// Several steps may have been made at one time: the last of them counts.
WallTime VirtualClock::wall_at(MonoTime time) const {
  const auto after =
      std::find_if(steps_.rbegin(), steps_.rend(), [time](const auto& each) { return each.first <= time; });
  return shown(time, after->second);
}

WallTime VirtualClock::latest_wall(MonoTime from, MonoTime to) const {
  WallTime latest = std::max(wall_at(from), wall_at(to));
  for (std::size_t i = 1; i < steps_.size(); ++i) {
    const auto [at, step] = steps_[i];
    if (at < from || at > to) continue;
    latest = std::max({latest, shown(at, step), shown(at, steps_[i - 1].second)});
  }
  return latest;
}

WallTime VirtualClock::earliest_wall(MonoTime from, MonoTime to) const {
  WallTime earliest = std::min(wall_at(from), wall_at(to));
  for (const auto& [at, step] : steps_) {
    if (at >= from && at <= to) earliest = std::min(earliest, shown(at, step));
  }
  return earliest;
}

VirtualLoop::VirtualLoop(VirtualClock& clock, Readiness readiness)
    : clock_(clock), readiness_(std::move(readiness)) {}

MonoTime VirtualLoop::next_wake() const {
  if (stopped_) return MonoTime::max();
  MonoTime wake = std::min(timers_.next_deadline(), turn_.next_due);
  if (!posts_.empty() || !ready_.empty() || has_kernel_events()) wake = clock_.now;
  return std::max(wake, held_until_);
}

bool VirtualLoop::has_kernel_events() const {
  return std::any_of(kernel_fds_.begin(), kernel_fds_.end(), is_readable);
}

void VirtualLoop::turn() {
  turn_.began = clock_.now;
  turn_.under_way = true;
  fetch_events();
  dispatch();
  if (turn_task_ != nullptr) turn_task_->read_input(turn_.began);
  for (auto& function : std::exchange(posts_, {})) function();  // those that they post wait
  timers_.run_due(turn_.began);
  if (turn_task_ != nullptr) {
    reactor::TurnTask* const task = turn_task_;
    const MonoTime deadline = task->on_turn(turn_.began);
    if (task == turn_task_) turn_.next_due = deadline;
  }
  turn_.under_way = false;
  counters_.turns.fetch_add(1, std::memory_order_relaxed);
}

// What epoll_wait() would return: a handler may then close a descriptor whose event is still to come, so the
// event keeps the index and generation of this moment.
void VirtualLoop::fetch_events() {
  batch_.clear();
  for (const int fd : kernel_fds_) {
    if (is_readable(fd)) batch_.push_back({watches_.at(fd), POLLIN});
  }
  for (const int fd : std::exchange(ready_, {})) {
    const auto found = watches_.find(fd);
    if (found == watches_.end() || found->second.pending == 0) continue;
    batch_.push_back({found->second, std::exchange(found->second.pending, 0U)});
  }
}

void VirtualLoop::dispatch() {
  for (const Event& event : batch_) {
    reactor::IoHandler* const handler = handlers_[event.watch.handler];
    if (handler != nullptr) handler->on_io(event.events, event.watch.index, event.watch.generation);
  }
}

void VirtualLoop::notify(int fd, std::uint32_t epoll_events) {
  const auto found = watches_.find(fd);
  if (found == watches_.end() || epoll_events == 0) return;
  if (found->second.pending == 0) ready_.push_back(fd);
  found->second.pending |= epoll_events;
}

reactor::Loop::HandlerId VirtualLoop::add_handler(reactor::IoHandler& handler) {
  const auto slot = std::find(handlers_.begin() + 1, handlers_.end(), nullptr);
  CARILLON_ASSERT(slot != handlers_.end());
  *slot = &handler;
  return static_cast<HandlerId>(slot - handlers_.begin());
}

bool VirtualLoop::watch(int fd, std::uint32_t, HandlerId handler, std::uint32_t index,
                        std::uint32_t generation) {
  if (!watches_.emplace(fd, Watch{handler, index, generation & 0xffffff, 0}).second) return false;
  if (fd < kFirstVirtualDescriptor) {
    kernel_fds_.push_back(fd);
  } else {
    notify(fd, readiness_(fd));
  }
  return true;
}

void VirtualLoop::unwatch(int fd) {
  watches_.erase(fd);
  std::erase(kernel_fds_, fd);
}

reactor::Loop::TimerId VirtualLoop::call_after(MonoClock::duration delay, std::function<void()> callback) {
  const bool never = delay > MonoTime::max() - now();
  return timers_.add(never ? MonoTime::max() : now() + delay, std::move(callback));
}

void VirtualLoop::set_turn_task(reactor::TurnTask* task) {
  turn_task_ = task;
  turn_.next_due = task != nullptr ? MonoTime::min() : MonoTime::max();
}

bool VirtualLoop::post(std::function<void()> function) {
  if (posts_.size() >= kPostsMax) {
    counters_.posts_refused.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  posts_.push_back(std::move(function));
  return true;
}

void VirtualLoop::run() {
  constexpr bool kTheSimulatorTakesTheTurns = false;
  CARILLON_ASSERT(kTheSimulatorTakesTheTurns);
}

}  // namespace carillon::simulation
