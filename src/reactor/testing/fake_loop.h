#pragma once

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "reactor/loop.h"

namespace carillon::reactor {

// FakeLoop: a Loop for tests, with manual time and no kernel behind it.
//
// Nothing happens by itself: advance() moves the time and fires timers at their own moments, in order;
// fire() plays an epoll event; turn() runs what was posted, due timers and the turn task.
// watch() only records, so any number will do for a descriptor.
//
// Thread: the test's; post() and stop() may come from any thread, as with a real loop.
class FakeLoop final : public Loop {
 public:
  struct Watch {
    std::uint32_t epoll_events = 0;  // without EPOLLET, which every watch has
    HandlerId handler = 0;
    std::uint32_t index = 0;
    std::uint32_t generation = 0;
  };

  explicit FakeLoop(MonoTime start = MonoTime(std::chrono::hours(1)),
                    WallTime wall_start = WallTime(std::chrono::seconds(1'767'225'600)))  // 2026-01-01Z
      : now_(start), wall_now_(wall_start) {}

  // --- What a test does ---

  // Moves the time on, stopping at each timer's own moment to fire it, and takes a turn at the end.
  void advance(MonoClock::duration time) {
    const MonoTime end = now_ + time;
    while (!timers_.empty() && timers_.begin()->first.first <= end) {
      move_time_to(std::max(now_, timers_.begin()->first.first));
      turn();
    }
    move_time_to(end);
    turn();
  }
  // One turn at the present time: the turn task's input, what was posted, due timers, the turn task.
  void turn() {
    counters_.turns.fetch_add(1, std::memory_order_relaxed);
    if (turn_task_ != nullptr) turn_task_->read_input(now_);
    run_posts();
    run_due_timers();
    turn_deadline_ = turn_task_ != nullptr ? turn_task_->on_turn(now_) : MonoTime::max();
  }
  // Turns for as long as there is something to do at once, at most `turns_max`.
  void settle(int turns_max = 1000) {
    do turn();
    while (--turns_max > 0 && has_work());
  }
  // Plays an event for a watched descriptor, as epoll would. Returns false when it is not watched.
  bool fire(int fd, std::uint32_t epoll_events) {
    const auto found = watches_.find(fd);
    if (found == watches_.end() || handlers_[found->second.handler] == nullptr) return false;
    const Watch watch = found->second;
    handlers_[watch.handler]->on_io(epoll_events, watch.index, watch.generation);
    return true;
  }
  void step_wall_clock(std::chrono::milliseconds by) { wall_now_ += by; }  // timers do not notice
  void refuse_watches_of(std::size_t many) { watches_to_refuse_ = many; }  // as when fds run out

  const Watch* watch_of(int fd) const {
    const auto found = watches_.find(fd);
    return found == watches_.end() ? nullptr : &found->second;
  }
  std::size_t watch_count() const { return watches_.size(); }
  std::size_t timer_count() const { return timers_.size(); }
  std::size_t handler_count() const {
    return static_cast<std::size_t>(std::count_if(handlers_.begin(), handlers_.end(),
                                                  [](IoHandler* handler) { return handler != nullptr; }));
  }
  MonoTime next_timer() const { return timers_.empty() ? MonoTime::max() : timers_.begin()->first.first; }
  MonoTime turn_deadline() const { return turn_deadline_; }  // what the turn task answered last
  bool stopped() const { return stopped_.load(); }
  bool has_work() {
    const std::lock_guard lock(mutex_);
    return !posts_.empty() || next_timer() <= now_ || turn_deadline_ <= now_;
  }

  // --- Loop ---

  HandlerId add_handler(IoHandler& handler) override {
    const auto slot = std::find(handlers_.begin() + 1, handlers_.end(), nullptr);
    CARILLON_ASSERT(slot != handlers_.end());
    *slot = &handler;
    return static_cast<HandlerId>(slot - handlers_.begin());
  }
  void remove_handler(HandlerId id) override { handlers_[id] = nullptr; }

  bool watch(int fd, std::uint32_t epoll_events, HandlerId handler, std::uint32_t index,
             std::uint32_t generation) override {
    if (watches_to_refuse_ > 0) {
      --watches_to_refuse_;
      return false;
    }
    return watches_.emplace(fd, Watch{epoll_events, handler, index, generation & 0xffffff}).second;
  }
  void unwatch(int fd) override { watches_.erase(fd); }

  TimerId call_after(MonoClock::duration delay, std::function<void()> callback) override {
    const TimerId id = ++last_timer_;
    const bool never = delay > MonoTime::max() - now_;
    timers_.emplace(std::pair(never ? MonoTime::max() : now_ + delay, id), std::move(callback));
    return id;
  }
  void cancel(TimerId id) override {
    std::erase_if(timers_, [id](const auto& timer) { return timer.first.second == id; });
  }

  void set_turn_task(TurnTask* task) override {
    turn_task_ = task;
    turn_deadline_ = task != nullptr ? MonoTime::min() : MonoTime::max();
  }
  MonoTime now() const override { return now_; }
  WallTime wall_now() const override { return wall_now_; }

  bool post(std::function<void()> function) override {
    const std::lock_guard lock(mutex_);
    if (posts_.size() >= kPostsMax) {
      counters_.posts_refused.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    posts_.push_back(std::move(function));
    return true;
  }
  void post_always(std::function<void()> function) override {
    const std::lock_guard lock(mutex_);
    posts_.push_back(std::move(function));
  }
  // Turns at the present time until stop(), or until there is nothing to do at once.
  void run() override {
    do turn();
    while (!stopped_.load() && has_work());
    stopped_.store(false);
  }
  void stop() override { stopped_.store(true); }
  LoopCounters& counters() override { return counters_; }

 private:
  void move_time_to(MonoTime time) {
    wall_now_ += std::chrono::duration_cast<std::chrono::milliseconds>(time - now_ + wall_rest_);
    wall_rest_ = (time - now_ + wall_rest_) % std::chrono::milliseconds(1);
    now_ = time;
  }
  void run_posts() {
    std::vector<std::function<void()>> taken;
    {
      const std::lock_guard lock(mutex_);
      taken.swap(posts_);
    }
    for (auto& function : taken) function();
  }
  // Those that a callback adds wait for the next turn, as in a real loop.
  void run_due_timers() {
    const TimerId newest = last_timer_;
    auto timer = timers_.begin();
    while (timer != timers_.end() && timer->first.first <= now_) {
      if (timer->first.second > newest) {
        ++timer;
        continue;
      }
      const auto callback = std::move(timer->second);
      timers_.erase(timer);
      callback();
      timer = timers_.begin();
    }
  }

  MonoTime now_;
  WallTime wall_now_;
  MonoClock::duration wall_rest_{0};  // what a wall clock of milliseconds has not shown yet
  std::array<IoHandler*, 256> handlers_{};
  std::map<int, Watch> watches_;
  std::map<std::pair<MonoTime, TimerId>, std::function<void()>> timers_;
  TimerId last_timer_ = 0;
  TurnTask* turn_task_ = nullptr;
  MonoTime turn_deadline_ = MonoTime::max();
  std::size_t watches_to_refuse_ = 0;
  std::mutex mutex_;
  std::vector<std::function<void()>> posts_;
  std::atomic<bool> stopped_{false};
  LoopCounters counters_;
};

}  // namespace carillon::reactor
