// BodyBudget: limits how many bytes of HTTP request bodies the process holds at once, including those of
// requests that are not answered yet. Without it the sum could be the number of sockets times the longest
// body.
//
// It counts what is held, not what a request declares: a Content-Length costs nothing.
// Thread: any; one for all shards.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <utility>

namespace carillon::client {

class BodyBudget {
 public:
  explicit BodyBudget(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}
  BodyBudget(const BodyBudget&) = delete;
  BodyBudget& operator=(const BodyBudget&) = delete;

  // Takes this many bytes. Returns false, and takes nothing, when fewer are left.
  [[nodiscard]] bool try_take(std::uint64_t bytes) {
    if (!open_.load(std::memory_order_relaxed)) return false;
    // Take first and give back: two shards that ask at once must not both get the last bytes.
    if (bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= bytes_max_) return true;
    give_back(bytes);
    return false;
  }
  void give_back(std::uint64_t bytes) { bytes_.fetch_sub(bytes, std::memory_order_relaxed); }

  // While it is closed nothing can be taken, even if bytes are left.
  void set_open(bool open) { open_.store(open, std::memory_order_relaxed); }

  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  std::uint64_t bytes_max() const { return bytes_max_; }

 private:
  const std::uint64_t bytes_max_;
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<bool> open_{true};
};

// The default budget ("auto"): an eighth of the memory limit, at most 64 MiB, and at least one body of the
// largest size.
inline std::uint64_t default_bodies_bytes_max(std::uint64_t body_bytes_max, std::uint64_t memory_limit) {
  constexpr std::uint64_t kMost = 64 * 1024 * 1024;
  return std::max(body_bytes_max, std::min(kMost, memory_limit / 8));
}

// The share of the budget that one request holds; the destructor releases it. The budget outlives it.
class BodyShare {
 public:
  BodyShare() = default;
  BodyShare(BodyShare&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  BodyShare& operator=(BodyShare other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~BodyShare() { release(); }

  // Changes the share to `bytes` in total. Returns false, and changes nothing, when the budget does not have
  // enough.
  [[nodiscard]] bool try_hold(BodyBudget& budget, std::uint64_t bytes) {
    if (bytes > bytes_ && !budget.try_take(bytes - bytes_)) return false;
    if (bytes < bytes_) budget.give_back(bytes_ - bytes);
    budget_ = &budget;
    bytes_ = bytes;
    return true;
  }
  void release() {
    if (budget_) budget_->give_back(std::exchange(bytes_, 0));
  }
  std::uint64_t bytes() const { return bytes_; }

 private:
  BodyBudget* budget_ = nullptr;
  std::uint64_t bytes_ = 0;
};

}  // namespace carillon::client
