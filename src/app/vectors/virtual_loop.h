// VirtualLoop: a Loop on virtual time, without a kernel. Nothing happens by itself: its owner moves the time
// and takes the turns, so that a minute of keepalive costs microseconds, and every run is the same.
//
// Thread: one, also for post() and stop(): a gateway on this loop has one shard and no other threads.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "reactor/loop.h"
#include "reactor/timer_queue.h"

namespace carillon::app {

// The moment at which virtual time begins: 2026-01-01T00:00:00Z.
inline constexpr WallTime kVirtualStart{seconds(1'767'225'600)};

class VirtualLoop final : public reactor::Loop {
 public:
  // --- for the owner ---
  // When this loop wants to run next; now or earlier: at once.
  MonoTime next_wake() const;
  // Moves the time to `time`, which is not before now(). Runs nothing.
  void move_to(MonoTime time) { now_ = time; }
  // Takes turns at the present time until nothing is left to do now, at most `turns_max`. Returns how many.
  std::size_t settle(std::size_t turns_max);
  // Reports an event of a descriptor as epoll would. Nothing happens when it is not watched.
  void notify(int fd, std::uint32_t epoll_events);

  // --- Loop ---
  HandlerId add_handler(reactor::IoHandler& handler) override;
  void remove_handler(HandlerId id) override { handlers_[id] = nullptr; }
  bool watch(int fd, std::uint32_t epoll_events, HandlerId handler, std::uint32_t index,
             std::uint32_t generation) override;
  void unwatch(int fd) override { watches_.erase(fd); }
  TimerId call_after(MonoClock::duration delay, std::function<void()> callback) override;
  void cancel(TimerId id) override { timers_.cancel(id); }
  void set_turn_task(reactor::TurnTask* task) override;
  MonoTime now() const override { return now_; }
  WallTime wall_now() const override;
  bool post(std::function<void()> function) override;
  void post_always(std::function<void()> function) override { posts_.push_back(std::move(function)); }
  // Asserts: the owner takes the turns.
  void run() override;
  void stop() override {}
  reactor::LoopCounters& counters() override { return counters_; }

 private:
  struct Watch {
    HandlerId handler = 0;
    std::uint32_t index = 0;
    std::uint32_t generation = 0;
  };

  void turn();

  // Well after the epoch, so that nothing looks as if it had happened before the start.
  static constexpr MonoTime kStart{std::chrono::hours(1)};

  MonoTime now_ = kStart;
  std::array<reactor::IoHandler*, 256> handlers_{};
  std::unordered_map<int, Watch> watches_;
  reactor::TimerQueue timers_;
  std::vector<std::function<void()>> posts_;
  reactor::TurnTask* turn_task_ = nullptr;
  MonoTime next_due_ = MonoTime::max();  // as the turn task has returned
  reactor::LoopCounters counters_;
};

}  // namespace carillon::app
