// The Loop over epoll. One turn = wait for I/O, handlers, the turn task's input, what was posted, timers, the
// turn task.
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "reactor/inbox.h"
#include "reactor/listener.h"
#include "reactor/loop.h"
#include "reactor/timer_queue.h"

namespace carillon::reactor {
namespace {

constexpr int kEventsPerTurnMax = 512;  // 6 KiB; what is left over comes in the next turn
constexpr std::uint32_t kGenerationMask = 0xffffff;

// Slot 8 bits, generation 24, index 32.
std::uint64_t pack(Loop::HandlerId handler, std::uint32_t index, std::uint32_t generation) {
  return std::uint64_t{handler} << 56 | std::uint64_t{generation & kGenerationMask} << 32 | index;
}

// For epoll_wait(). Rounded up, or a timer due in 0.4 ms would be polled for.
int timeout_until(MonoTime wake, MonoTime now) {
  if (wake == MonoTime::max()) return -1;
  if (wake <= now) return 0;
  const auto wait_ms = std::chrono::ceil<std::chrono::milliseconds>(wake - now).count();
  return static_cast<int>(std::min<std::int64_t>(wait_ms, std::numeric_limits<int>::max()));
}

class EpollLoop final : public Loop {
 public:
  EpollLoop(FileDescriptor epoll, WakeFd wake)
      : epoll_(std::move(epoll)), posts_(kPostsMax, std::move(wake)) {}
  ~EpollLoop() override;
  bool watch_inbox();

  HandlerId add_handler(IoHandler& handler) override;
  void remove_handler(HandlerId id) override;
  bool watch(int fd, std::uint32_t epoll_events, HandlerId handler, std::uint32_t index,
             std::uint32_t generation) override {
    return control(EPOLL_CTL_ADD, fd, epoll_events, pack(handler, index, generation));
  }
  void unwatch(int fd) override { ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

  TimerId call_after(MonoClock::duration delay, std::function<void()> callback) override;
  void cancel(TimerId id) override { timers_.cancel(id); }
  void set_turn_task(TurnTask* task) override;
  // Outside run() there is no turn whose time it could return.
  MonoTime now() const override { return running_ ? now_ : mono_now(); }
  WallTime wall_now() const override { return running_ ? wall_now_ : carillon::wall_now(); }

  bool post(std::function<void()> function) override;
  void post_always(std::function<void()> function) override {
    posts_.push_always(std::move(function));
    posts_wait_.store(true, std::memory_order_release);
  }
  void run() override;
  void stop() override;
  LoopCounters& counters() override { return counters_; }

 private:
  static constexpr HandlerId kInboxSlot = 0;  // add_handler() gives out 1 to 255

  bool control(int operation, int fd, std::uint32_t epoll_events, std::uint64_t data);
  MonoTime next_wake() const { return std::min(timers_.next_deadline(), turn_deadline_); }
  int wait_for_events();
  void read_clocks();
  void record_turn(MonoClock::duration length);
  void dispatch(int count);
  void run_posts();

  FileDescriptor epoll_;
  Inbox<std::function<void()>> posts_;
  std::atomic<bool> posts_wait_{false};  // so that a look into posts_ costs no system call
  std::vector<std::function<void()>> taken_posts_;
  TimerQueue timers_;
  TurnTask* turn_task_ = nullptr;
  MonoTime turn_deadline_ = MonoTime::max();
  MonoTime now_{};
  WallTime wall_now_{};
  bool running_ = false;
  std::atomic<bool> stopping_{false};
  std::array<IoHandler*, 256> handlers_{};
  std::vector<HandlerId> removed_;  // this turn: not given out again before the turn ends
  std::array<epoll_event, kEventsPerTurnMax> events_;
  LoopCounters counters_;
};

// What still waits may own things that use the loop, so it goes while the loop is whole.
EpollLoop::~EpollLoop() {
  posts_.drain_into(taken_posts_);
  taken_posts_.clear();
  const TimerQueue timers = std::exchange(timers_, TimerQueue{});
}

bool EpollLoop::watch_inbox() { return watch(posts_.fd(), EPOLLIN, kInboxSlot, 0, 0); }

bool EpollLoop::control(int operation, int fd, std::uint32_t epoll_events, std::uint64_t data) {
  epoll_event event{};
  event.events = epoll_events | EPOLLET;
  event.data.u64 = data;
  return ::epoll_ctl(epoll_.get(), operation, fd, &event) == 0;
}

Loop::HandlerId EpollLoop::add_handler(IoHandler& handler) {
  for (std::size_t slot = 1; slot < handlers_.size(); ++slot) {
    const auto id = static_cast<HandlerId>(slot);
    if (handlers_[slot] != nullptr) continue;
    if (std::find(removed_.begin(), removed_.end(), id) != removed_.end()) continue;
    handlers_[slot] = &handler;
    return id;
  }
  constexpr bool kFewerThan256Handlers = false;
  CARILLON_ASSERT(kFewerThan256Handlers);
  return kInboxSlot;
}

void EpollLoop::remove_handler(HandlerId id) {
  if (id == kInboxSlot) return;
  handlers_[id] = nullptr;
  if (running_) removed_.push_back(id);  // events for it may wait in the present batch
}

Loop::TimerId EpollLoop::call_after(MonoClock::duration delay, std::function<void()> callback) {
  const MonoTime start = now();
  const bool never = delay > MonoTime::max() - start;
  return timers_.add(never ? MonoTime::max() : start + delay, std::move(callback));
}

void EpollLoop::set_turn_task(TurnTask* task) {
  turn_task_ = task;
  turn_deadline_ = task != nullptr ? MonoTime::min() : MonoTime::max();  // it has not been asked yet
}

bool EpollLoop::post(std::function<void()> function) {
  if (posts_.try_push(std::move(function))) {
    posts_wait_.store(true, std::memory_order_release);
    return true;
  }
  counters_.posts_refused.fetch_add(1, std::memory_order_relaxed);
  return false;
}

void EpollLoop::stop() {
  stopping_.store(true, std::memory_order_release);
  posts_.wake();
}

void EpollLoop::run() {
  read_clocks();
  running_ = true;
  while (!stopping_.load(std::memory_order_acquire)) {
    const int count = wait_for_events();
    dispatch(count);
    if (turn_task_ != nullptr) turn_task_->read_input(now_);
    if (posts_wait_.load(std::memory_order_acquire)) run_posts();  // once a turn: those they post wait
    timers_.run_due(now_);
    if (turn_task_ != nullptr) {
      TurnTask* const task = turn_task_;
      const MonoTime deadline = task->on_turn(now_);
      if (task == turn_task_) turn_deadline_ = deadline;
    }
    removed_.clear();
    counters_.turns.fetch_add(1, std::memory_order_relaxed);
  }
  running_ = false;
  stopping_.store(false, std::memory_order_relaxed);  // so that it may be run again
}

// A busy turn costs one clock read: when there is work at once the wait cannot block, and the turn is
// measured to its end. Only a turn that may sleep reads the clock before it as well.
int EpollLoop::wait_for_events() {
  const MonoTime turn_start = now_;
  const MonoTime wake = next_wake();
  const bool may_sleep = wake > turn_start;
  int timeout_ms = 0;
  if (may_sleep) {
    const MonoTime turn_end = mono_now();
    record_turn(turn_end - turn_start);
    timeout_ms = timeout_until(wake, turn_end);
  }
  const int count = ::epoll_wait(epoll_.get(), events_.data(), kEventsPerTurnMax, timeout_ms);
  read_clocks();
  if (!may_sleep) record_turn(now_ - turn_start);
  return count;  // -1 is EINTR: a turn without events
}

void EpollLoop::read_clocks() {
  now_ = mono_now();
  wall_now_ = carillon::wall_now();
}

void EpollLoop::record_turn(MonoClock::duration length) {
  counters_.turn_lengths.add(length);
  const auto length_ns = static_cast<std::uint64_t>(length.count());
  if (length_ns > counters_.lag_ns_max.load(std::memory_order_relaxed)) {
    counters_.lag_ns_max.store(length_ns, std::memory_order_relaxed);
  }
}

void EpollLoop::dispatch(int count) {
  for (int i = 0; i < count; ++i) {
    const epoll_event event = events_[static_cast<std::size_t>(i)];
    const auto slot = static_cast<HandlerId>(event.data.u64 >> 56);
    if (slot == kInboxSlot) {
      posts_wait_.store(true, std::memory_order_relaxed);
    } else if (handlers_[slot] != nullptr) {  // null: removed earlier in this batch
      handlers_[slot]->on_io(event.events, static_cast<std::uint32_t>(event.data.u64),
                             static_cast<std::uint32_t>(event.data.u64 >> 32) & kGenerationMask);
    }
  }
}

void EpollLoop::run_posts() {
  posts_wait_.store(false, std::memory_order_relaxed);  // before the drain: at worst it looks once in vain
  posts_.drain_into(taken_posts_);
  for (auto& function : taken_posts_) function();
  taken_posts_.clear();
}

}  // namespace

Result<std::unique_ptr<Loop>> Loop::create() {
  FileDescriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return failure("cannot create an epoll instance: " + std::generic_category().message(errno));
  auto wake = WakeFd::create();
  if (!wake) return tl::unexpected(wake.error());
  auto loop = std::make_unique<EpollLoop>(std::move(epoll), std::move(*wake));
  if (!loop->watch_inbox()) {
    return failure("cannot watch the loop's inbox: " + std::generic_category().message(errno));
  }
  return loop;
}

}  // namespace carillon::reactor
