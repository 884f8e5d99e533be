#include "app/vectors/virtual_loop.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace carillon::app {

MonoTime VirtualLoop::next_wake() const {
  if (!posts_.empty()) return now_;
  return std::min(timers_.next_deadline(), next_due_);
}

std::size_t VirtualLoop::settle(std::size_t turns_max) {
  std::size_t turns = 0;
  do {
    turn();
  } while (++turns < turns_max && next_wake() <= now_);
  return turns;
}

void VirtualLoop::turn() {
  if (turn_task_ != nullptr) turn_task_->read_input(now_);
  for (auto& function : std::exchange(posts_, {})) function();  // those that they post wait
  timers_.run_due(now_);
  if (reactor::TurnTask* const task = turn_task_; task != nullptr) {
    const MonoTime due = task->on_turn(now_);
    if (task == turn_task_) next_due_ = due;
  }
  counters_.turns.fetch_add(1, std::memory_order_relaxed);
}

void VirtualLoop::notify(int fd, std::uint32_t epoll_events) {
  const auto found = watches_.find(fd);
  if (found == watches_.end()) return;
  const Watch watch = found->second;
  reactor::IoHandler* const handler = handlers_[watch.handler];
  if (handler != nullptr) handler->on_io(epoll_events, watch.index, watch.generation);
}

reactor::Loop::HandlerId VirtualLoop::add_handler(reactor::IoHandler& handler) {
  const auto slot = std::find(handlers_.begin() + 1, handlers_.end(), nullptr);
  CARILLON_ASSERT(slot != handlers_.end());
  *slot = &handler;
  return static_cast<HandlerId>(slot - handlers_.begin());
}

bool VirtualLoop::watch(int fd, std::uint32_t, HandlerId handler, std::uint32_t index,
                        std::uint32_t generation) {
  return watches_.emplace(fd, Watch{handler, index, generation & 0xffffff}).second;
}

reactor::Loop::TimerId VirtualLoop::call_after(MonoClock::duration delay, std::function<void()> callback) {
  const bool never = delay > MonoTime::max() - now_;
  return timers_.add(never ? MonoTime::max() : now_ + delay, std::move(callback));
}

void VirtualLoop::set_turn_task(reactor::TurnTask* task) {
  turn_task_ = task;
  next_due_ = task != nullptr ? MonoTime::min() : MonoTime::max();
}

WallTime VirtualLoop::wall_now() const {
  return kVirtualStart + std::chrono::duration_cast<milliseconds>(now_ - kStart);
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
  constexpr bool kTheOwnerTakesTheTurns = false;
  CARILLON_ASSERT(kTheOwnerTakesTheTurns);
}

}  // namespace carillon::app
