#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#include "base/assert.h"

namespace carillon::fanout {

// LogName: a name in one allocation that also holds its length: 8 bytes in the record and, for up to 22
// bytes, 32 on the heap including the allocator's overhead. A std::string would take 32 bytes in the record
// as well.
class LogName {
 public:
  LogName() = default;
  explicit LogName(std::string_view text) {
    CARILLON_ASSERT(text.size() <= kBytesMax);
    const auto size = static_cast<Size>(text.size());
    block_ = static_cast<char*>(std::malloc(sizeof size + size));
    if (!block_) throw std::bad_alloc();
    std::memcpy(block_, &size, sizeof size);
    std::memcpy(block_ + sizeof size, text.data(), size);
  }
  LogName(LogName&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  LogName& operator=(LogName&& other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~LogName() { std::free(block_); }

  bool empty() const { return !block_; }
  void prefetch() const { __builtin_prefetch(block_); }
  std::string_view text() const {
    if (!block_) return {};
    Size size = 0;
    std::memcpy(&size, block_, sizeof size);
    return {block_ + sizeof size, size};
  }

 private:
  using Size = std::uint16_t;
  static constexpr std::size_t kBytesMax = 65'535;  // a channel's has at most 255 (event/channel_name.h)

  char* block_ = nullptr;
};

// LogNote: what an index of names stores with each log, so that a channel costs one record and one
// allocation: its name and the next log of the same bucket. The engine does not read it; while a log is free,
// the engine uses `next` for its list of free logs.
//
// Thread: the shard's.
struct LogNote {
  LogName name;                  // empty: in no index
  std::uint32_t next = 0;        // the next log of its bucket, plus one; 0: none
  std::uint8_t fingerprint = 0;  // eight bits of the name's hash, to skip most comparisons of names
};

}  // namespace carillon::fanout
