// bump(): adds to a counter that only one thread writes and any may read: no locked instruction.
#pragma once

#include <atomic>
#include <cstdint>

namespace carillon::bus {

inline void bump(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) {
  counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

}  // namespace carillon::bus
