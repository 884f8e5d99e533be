// SharedStatus: a copy of the bus's state that other threads may read, for health.
//
// Thread: set() on the bus's loop; the rest on any thread.
#pragma once

#include <atomic>
#include <mutex>

#include "bus/bus.h"

namespace carillon::bus {

class SharedStatus {
 public:
  explicit SharedStatus(BusStatus status) : status_(std::move(status)) {}

  void set(const BusStatus& status) {
    is_up_.store(status.state == BusState::up, std::memory_order_relaxed);
    const std::lock_guard lock(mutex_);
    status_ = status;
  }
  BusStatus get() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }
  bool is_up() const { return is_up_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> is_up_{false};
  mutable std::mutex mutex_;
  BusStatus status_;
};

}  // namespace carillon::bus
