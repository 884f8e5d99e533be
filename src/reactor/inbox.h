#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
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

// Inbox<T>: a bounded queue with an eventfd, the only way in which threads pass data to each other.
//
// Any thread may push; one thread, the owner, drains. A push to a full inbox is refused and counted, and the
// caller decides what that means (the Router treats it as a gap). The limit is a number of items and of the
// bytes that their senders declare; a larger item is still accepted when nothing waits. The eventfd becomes
// readable when the inbox changes from empty to not empty.
template <class T>
class Inbox {
 public:
  static constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

  Inbox(std::size_t capacity, WakeFd wake, std::size_t bytes_max = kNoLimit)
      : capacity_(capacity), bytes_max_(bytes_max), wake_(std::move(wake)) {}

  int fd() const { return wake_.fd(); }

  // Any thread. Returns false when `capacity` items wait, or too many bytes with this item.
  [[nodiscard]] bool try_push(T item, std::size_t bytes = 0) {
    bool was_empty = false;
    {
      const std::lock_guard lock(mutex_);
      was_empty = items_.empty();
      if (items_.size() >= capacity_ || (!was_empty && bytes > bytes_max_ - std::min(bytes_, bytes_max_))) {
        refused_.fetch_add(1, std::memory_order_relaxed);
        return false;
      }
      items_.push_back(std::move(item));
      bytes_ += bytes;
    }
    if (was_empty) wake_.signal();
    return true;
  }

  // Any thread. Never refused, so only for items whose number is bounded elsewhere.
  void push_always(T item) {
    bool was_empty = false;
    {
      const std::lock_guard lock(mutex_);
      was_empty = items_.empty();
      items_.push_back(std::move(item));
    }
    if (was_empty) wake_.signal();
  }

  // Owner only. Moves everything that waits into `taken`, which it clears first. The eventfd is cleared
  // before that: an item pushed in between may wake the owner unnecessarily, but none is missed.
  void drain_into(std::vector<T>& taken) {
    taken.clear();
    wake_.clear();
    const std::lock_guard lock(mutex_);
    items_.swap(taken);
    bytes_ = 0;
  }

  // Any thread, and a signal handler: makes the descriptor readable with nothing to take.
  void wake() const { wake_.signal(); }

  std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  const std::size_t capacity_;
  const std::size_t bytes_max_;
  const WakeFd wake_;
  std::mutex mutex_;
  std::vector<T> items_;
  std::size_t bytes_ = 0;  // of items_, as declared by their senders
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace carillon::reactor
