#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/histogram.h"
#include "base/result.h"
#include "base/time.h"

namespace carillon::reactor {

// Receives what epoll reported. `index` and `generation` are those given to watch(): a handler with many
// descriptors checks the generation, so that an event for a closed one is ignored.
class IoHandler {
 public:
  virtual void on_io(std::uint32_t epoll_events, std::uint32_t index, std::uint32_t generation) = 0;

 protected:
  ~IoHandler() = default;
};

// Work that shares the loop with I/O. Called twice per turn: before and after posted functions and timers.
class TurnTask {
 public:
  // Reads what the turn's I/O events announced. Functions that it posts to its own loop, and timers that they
  // start without a delay, run before on_turn(), so that input can lead to output in the same turn.
  virtual void read_input(MonoTime /*now*/) {}
  // Does at most a slice of its work and returns when it must be called again: `now` or earlier means at once
  // (the loop then only polls for I/O), MonoTime::max() means at the next I/O.
  virtual MonoTime on_turn(MonoTime now) = 0;

 protected:
  ~TurnTask() = default;
};

// Counters of one loop.
struct LoopCounters {  // written by the loop's thread only; read by anyone, relaxed
  std::atomic<std::uint64_t> turns{0};
  std::atomic<std::uint64_t> lag_ns_max{0};  // longest turn since last taken: how late a timer can be
  std::atomic<std::uint64_t> posts_refused{0};
  Histogram turn_lengths{kTimeBounds};
};

// Loop: one thread's event loop: edge-triggered epoll, one-shot timers, and functions posted by other
// threads.
//
// Thread: the one that calls run(), except post() and stop(), which any thread may call. Handlers are called
// from run() only, never from inside watch() or call_after().
class Loop {
 public:
  using HandlerId = std::uint8_t;
  using TimerId = std::uint64_t;                  // 0 is none
  static constexpr std::size_t kPostsMax = 4096;  // waiting functions; post() refuses more

  static Result<std::unique_ptr<Loop>> create();
  virtual ~Loop() = default;

  // At most 255 handlers at once. After remove_handler() the handler is never called again.
  virtual HandlerId add_handler(IoHandler& handler) = 0;
  virtual void remove_handler(HandlerId id) = 0;

  // Adds EPOLLET. Only the low 24 bits of `generation` are kept. Returns false when the kernel refuses.
  virtual bool watch(int fd, std::uint32_t epoll_events, HandlerId handler, std::uint32_t index,
                     std::uint32_t generation) = 0;
  virtual void unwatch(int fd) = 0;  // before close(fd)

  // One-shot, for the few timers that do not belong to a connection (those are in their shard's wheel).
  virtual TimerId call_after(MonoClock::duration delay, std::function<void()> callback) = 0;
  virtual void cancel(TimerId id) = 0;  // a timer that ran, or 0: no effect

  virtual void set_turn_task(TurnTask* task) = 0;  // not owned; null removes; called in the next turn

  // The times read when the current turn began.
  virtual MonoTime now() const = 0;
  virtual WallTime wall_now() const = 0;

  // Any thread. Runs `function` on the loop's thread: in the next turn, or in this one when it is posted
  // while input is read. Returns false when kPostsMax wait.
  virtual bool post(std::function<void()> function) = 0;
  // Any thread. The same, but never refused. Use it only where the number of calls is limited otherwise (one
  // response per request, one drain per process) and a refusal could not be handled.
  virtual void post_always(std::function<void()> function) = 0;
  virtual void run() = 0;   // until stop()
  virtual void stop() = 0;  // any thread, or a signal handler's thread

  virtual LoopCounters& counters() = 0;
};

}  // namespace carillon::reactor
