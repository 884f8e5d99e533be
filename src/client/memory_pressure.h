// MemoryPressure: decides what to do when memory runs short. At 85 % of the limit new clients are refused; at
// 95 % the clients furthest behind are closed, before the kernel kills the process.
//
// Pure: it takes samples and returns a level. Thread: the one that samples; any thread may read level() and
// the figures of the last sample.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/memory_limit.h"

namespace carillon::client {

enum class MemoryLevel : std::uint8_t {
  normal,
  refusing,  // no new WebSocket is opened
  shedding   // also, no request body is read, and the clients furthest behind are closed
};
std::string_view name_of(MemoryLevel level);

class MemoryPressure {
 public:
  static constexpr std::uint64_t kRefusePercent = 85;
  static constexpr std::uint64_t kShedPercent = 95;
  // A level ends only this many percentage points below where it begins, so that it does not change each
  // second.
  static constexpr std::uint64_t kLeavePercent = 3;

  enum class Reserve : std::uint8_t { whole, used_up };

  // `reserve` is used_up when the reserve (base/memory_reserve.h) was released since the last sample, so an
  // allocation failed, whatever the sample shows.
  MemoryLevel sample(MemoryUse use, Reserve reserve);

  MemoryLevel level() const { return level_.load(std::memory_order_relaxed); }
  std::uint64_t used_bytes() const { return used_.load(std::memory_order_relaxed); }
  std::uint64_t limit_bytes() const { return limit_.load(std::memory_order_relaxed); }
  std::uint64_t reserve_uses() const { return reserve_uses_.load(std::memory_order_relaxed); }

 private:
  std::atomic<MemoryLevel> level_{MemoryLevel::normal};
  std::atomic<std::uint64_t> used_{0};
  std::atomic<std::uint64_t> limit_{0};
  std::atomic<std::uint64_t> reserve_uses_{0};
};

}  // namespace carillon::client
