#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace carillon {

// Snapshot: an immutable value that is replaced as a whole while other threads use it.
//
// Thread: any. The lock is held while a pointer is copied; do not use it on the path of an event.
template <class T>
class Snapshot {
 public:
  explicit Snapshot(T first) : value_(std::make_shared<const T>(std::move(first))) {}

  // The value at the moment of the call; it stays valid as long as the caller holds it.
  std::shared_ptr<const T> get() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }
  void replace(T next) {
    auto made = std::make_shared<const T>(std::move(next));
    const std::lock_guard lock(mutex_);
    value_.swap(made);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace carillon
