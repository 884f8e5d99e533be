// Counter: a number that one thread writes and any thread may read. It is a relaxed atomic, written by a load
// and a store, which cost the same as a plain number.
#pragma once

#include <atomic>
#include <cstdint>

namespace carillon {

class Counter {
 public:
  void add(std::uint64_t n = 1) { set(value_.load(std::memory_order_relaxed) + n); }
  void subtract(std::uint64_t n = 1) { set(value_.load(std::memory_order_relaxed) - n); }
  void set(std::uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

}  // namespace carillon
