// While one exists, soft allocations above its limit fail on this thread, as without memory.
#pragma once

#include <cstddef>
#include <utility>

#include "base/soft_allocation.h"

namespace carillon::testing {

class AllocationCeiling {
 public:
  explicit AllocationCeiling(std::size_t bytes) : before_(std::exchange(soft_allocation::bytes_max, bytes)) {}
  ~AllocationCeiling() { soft_allocation::bytes_max = before_; }
  AllocationCeiling(const AllocationCeiling&) = delete;
  AllocationCeiling& operator=(const AllocationCeiling&) = delete;

 private:
  const std::size_t before_;
};

}  // namespace carillon::testing
