#pragma once

#include <algorithm>
#include <cstddef>

namespace carillon::history {

// Returns how much memory malloc takes for a block of `size` bytes: glibc puts 8 bytes in front of each,
// rounds up to 16, and takes at least 32. It is computed and not asked of malloc, whose answer can be 16
// bytes more for some blocks of one size, so that limits in bytes mean the same number of events every time.
// (Blocks of 128 KiB and more are rounded up to pages; that they take up to 3 % more is not counted.)
constexpr std::size_t allocated_bytes(std::size_t size) {
  constexpr std::size_t kHeader = 8;
  constexpr std::size_t kUnit = 16;
  constexpr std::size_t kLeast = 32;
  return std::max(kLeast, (size + kHeader + kUnit - 1) / kUnit * kUnit);
}

}  // namespace carillon::history
