// Inbox<T>: the one door between threads: a bounded queue with an eventfd.
//
// Any thread may push; one thread, the owner, drains. A push to a full inbox is refused and counted:
// the caller decides what that means (the Router makes it a gap). The eventfd becomes readable when
// the inbox goes from empty to not empty.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "base/result.h"

namespace carillon::reactor {

// The eventfd half, without a template: created, signalled, cleared.
class WakeFd {
 public:
  static Result<WakeFd> create();
  WakeFd(WakeFd&& other) noexcept;
  WakeFd& operator=(WakeFd&&) = delete;
  ~WakeFd();
  int fd() const { return fd_; }
  void signal() const;  // any thread
  void clear() const;   // the owner

 private:
  explicit WakeFd(int fd) : fd_(fd) {}
  int fd_;
};

template <class T>
class Inbox {
 public:
  Inbox(std::size_t capacity, WakeFd wake) : capacity_(capacity), wake_(std::move(wake)) {}

  int fd() const { return wake_.fd(); }

  // Any thread. False when `capacity` items wait.
  bool try_push(T item) {
    bool was_empty = false;
    {
      const std::lock_guard lock(mutex_);
      if (items_.size() >= capacity_) {
        refused_.fetch_add(1, std::memory_order_relaxed);
        return false;
      }
      was_empty = items_.empty();
      items_.push_back(std::move(item));
    }
    if (was_empty) wake_.signal();
    return true;
  }

  // The owner. Swaps everything that waits into `taken`, which it clears first. The eventfd is cleared
  // before the swap: an item pushed in between wakes the owner once for nothing, and none is missed.
  void drain_into(std::vector<T>& taken) {
    taken.clear();
    wake_.clear();
    const std::lock_guard lock(mutex_);
    items_.swap(taken);
  }

  // Any thread, and a signal handler: makes the descriptor readable with nothing to take.
  void wake() const { wake_.signal(); }

  std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  const std::size_t capacity_;
  const WakeFd wake_;
  std::mutex mutex_;
  std::vector<T> items_;
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace carillon::reactor
