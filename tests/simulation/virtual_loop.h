// VirtualLoop: a Loop on virtual time. Nothing runs by itself: the simulator asks each loop when it wants to
// run and calls turn(). A turn does what a turn of the epoll loop does, in the same order.
//
// Thread: one for all loops of a simulation.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/time.h"
#include "reactor/loop.h"
#include "reactor/timer_queue.h"

namespace carillon::simulation {

// The time of the whole simulation. The wall clock can be stepped; the monotonic one only moves on.
struct VirtualClock {
  MonoTime now{std::chrono::hours(1)};

  WallTime wall() const { return shown(now, steps_.back().second); }
  // Sets the wall clock forward, or back.
  void step_wall(milliseconds by) { steps_.emplace_back(now, steps_.back().second + by); }

  // What the wall clock has shown, at a time and between two times.
  WallTime wall_at(MonoTime time) const;
  WallTime latest_wall(MonoTime from, MonoTime to) const;
  WallTime earliest_wall(MonoTime from, MonoTime to) const;

 private:
  static WallTime shown(MonoTime time, milliseconds step) {
    constexpr WallTime kStart{seconds(1'767'225'600)};  // 2026-01-01
    const auto since_start = time.time_since_epoch() - std::chrono::hours(1);
    return kStart + std::chrono::duration_cast<milliseconds>(since_start) + step;
  }

  // From when on it has shown another time, and by how much in all.
  std::vector<std::pair<MonoTime, milliseconds>> steps_{{MonoTime{}, milliseconds{0}}};
};

class VirtualLoop final : public reactor::Loop {
 public:
  // What epoll would report of a descriptor at the moment when it is added.
  using Readiness = std::function<std::uint32_t(int fd)>;

  VirtualLoop(VirtualClock& clock, Readiness readiness);

  // --- for the simulator ---
  // When this loop wants to run next: now or earlier for at once.
  MonoTime next_wake() const;
  void turn();
  // An edge, as epoll sees it. Descriptors that the loop does not watch have none.
  void notify(int fd, std::uint32_t epoll_events);
  // The loop does not run before this time: a late timer, or a process that is not running.
  void hold_until(MonoTime time) { held_until_ = std::max(held_until_, time); }
  bool stopped() const { return stopped_; }
  std::size_t watch_count() const { return watches_.size(); }

  // --- Loop ---
  HandlerId add_handler(reactor::IoHandler& handler) override;
  void remove_handler(HandlerId id) override { handlers_[id] = nullptr; }
  bool watch(int fd, std::uint32_t epoll_events, HandlerId handler, std::uint32_t index,
             std::uint32_t generation) override;
  void unwatch(int fd) override;
  TimerId call_after(MonoClock::duration delay, std::function<void()> callback) override;
  void cancel(TimerId id) override { timers_.cancel(id); }
  void set_turn_task(reactor::TurnTask* task) override;
  MonoTime now() const override { return turn_.under_way ? turn_.began : clock_.now; }
  WallTime wall_now() const override { return clock_.wall(); }
  bool post(std::function<void()> function) override;
  void post_always(std::function<void()> function) override { posts_.push_back(std::move(function)); }
  void run() override;
  void stop() override { stopped_ = true; }
  reactor::LoopCounters& counters() override { return counters_; }

 private:
  struct Watch {
    HandlerId handler = 0;
    std::uint32_t index = 0;
    std::uint32_t generation = 0;
    std::uint32_t pending = 0;  // epoll's events that no turn has fetched
  };

  void fetch_events();
  void dispatch();
  bool has_kernel_events() const;

  VirtualClock& clock_;
  const Readiness readiness_;
  std::array<reactor::IoHandler*, 256> handlers_{};
  std::unordered_map<int, Watch> watches_;
  std::vector<int> kernel_fds_;  // of them, the eventfds of inboxes: the only descriptors that are real
  std::vector<int> ready_;       // descriptors with pending events, in the order of the first of them
  struct Event {
    Watch watch;
    std::uint32_t events;
  };
  std::vector<Event> batch_;
  reactor::TimerQueue timers_;
  std::vector<std::function<void()>> posts_;
  reactor::TurnTask* turn_task_ = nullptr;
  struct Turn {
    MonoTime began{};
    bool under_way = false;
    MonoTime next_due = MonoTime::max();  // as the turn task has returned
  };
  Turn turn_;
  MonoTime held_until_{};
  bool stopped_ = false;
  reactor::LoopCounters counters_;
};

// Simulated descriptors have numbers from here on; the eventfds of inboxes are below.
inline constexpr int kFirstVirtualDescriptor = 1'000'000;

}  // namespace carillon::simulation
