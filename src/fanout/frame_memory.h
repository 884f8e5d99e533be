#pragma once

#include <atomic>
#include <cstdint>

namespace carillon::fanout {

// FrameMemory: how many bytes the events of one process occupy, and the budget for them. It counts memory
// where it is allocated and freed: frame blocks, compressed copies, and the rings of the logs. An event that
// several logs or shards hold is counted once, because it exists once.
//
// Thread: any. One relaxed atomic operation per block of 64 KiB or per large event, none per delivery.
// Owner: the Node, which outlives every frame.
class FrameMemory {
 public:
  // `bytes_max`: the budget. `shards`: how many shards hold logs in this process, at least 1.
  explicit FrameMemory(std::uint64_t bytes_max, std::uint32_t shards = 1)
      : bytes_max_(bytes_max), share_(bytes_max / shards) {}
  FrameMemory(const FrameMemory&) = delete;
  FrameMemory& operator=(const FrameMemory&) = delete;

  void add(std::uint64_t bytes) { bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  void subtract(std::uint64_t bytes) { bytes_.fetch_sub(bytes, std::memory_order_relaxed); }

  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  std::uint64_t bytes_max() const { return bytes_max_; }
  // Each shard's equal share of the budget.
  std::uint64_t share() const { return share_; }
  bool is_exhausted() const { return bytes() > bytes_max_; }

 private:
  const std::uint64_t bytes_max_;
  const std::uint64_t share_;
  std::atomic<std::uint64_t> bytes_{0};
};

}  // namespace carillon::fanout
