// Soft allocations: those whose size a client or broker determines (a body, a message, its inflated form, a
// frame). When memory runs out they return false, which becomes a 503 or a close frame (1013) for that
// client, instead of ending the process and every other connection.
//
// Everything else uses `new`. MemoryReserve (memory_reserve.h) lets its small allocations succeed when a
// large one has failed; soft allocations do not use the reserve. While it is used up all of them fail, so
// that they do not take the memory that was released for small allocations.
//
// Thread: any.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

namespace carillon {

namespace soft_allocation {

// Allocations of more than this fail at once. Only tests set it (base/testing/allocation_ceiling.h).
inline constinit thread_local std::size_t bytes_max = std::numeric_limits<std::size_t>::max();

// Up to this size an allocation counts as small, so that /health is answered even when memory is exhausted.
inline constexpr std::size_t kSmallBytes = 4 * 1024;

// Set by MemoryReserve while it is used up.
inline constinit std::atomic<bool> memory_is_short{false};

// While one exists, this thread's allocations may fail: MemoryReserve keeps its memory for the others.
class Scope {
 public:
  explicit Scope(std::size_t bytes) : depth_of_this_(bytes > kSmallBytes ? 1 : 0) {
    depth_ += depth_of_this_;
  }
  ~Scope() { depth_ -= depth_of_this_; }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  static bool is_open() { return depth_ > 0; }

 private:
  static inline constinit thread_local int depth_ = 0;
  const int depth_of_this_;
};

}  // namespace soft_allocation

// Calls `allocate`, whose largest allocation is about `bytes`. Returns false when there is no memory;
// `allocate` has then thrown, so it must have changed nothing, or the caller must discard what it worked on.
template <class Allocate>
[[nodiscard]] bool try_allocate(std::size_t bytes, Allocate&& allocate) {
  if (bytes > soft_allocation::bytes_max) return false;
  const bool is_small = bytes <= soft_allocation::kSmallBytes;
  if (!is_small && soft_allocation::memory_is_short.load(std::memory_order_relaxed)) return false;
  const soft_allocation::Scope scope(bytes);
  try {
    allocate();
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  } catch (const std::length_error&) {  // over max_size()
    return false;
  }
}

// Reserves exactly `bytes` in a string or a vector and keeps its contents. Returns false, without a change,
// when there is no memory.
template <class Buffer>
[[nodiscard]] bool try_reserve(Buffer& buffer, std::size_t bytes) {
  if (bytes <= buffer.capacity()) return true;
  return try_allocate(bytes, [&] {
    Buffer grown;
    grown.reserve(bytes);
    grown.insert(grown.end(), buffer.begin(), buffer.end());
    buffer.swap(grown);
  });
}

// Reserves room for `more` bytes after the buffer's contents, doubling as needed. Returns false likewise.
template <class Buffer>
[[nodiscard]] bool try_make_room(Buffer& buffer, std::size_t more) {
  const std::size_t needed = buffer.size() + more;
  return needed <= buffer.capacity() || try_reserve(buffer, std::max(needed, 2 * buffer.capacity()));
}

// Appends, doubling the capacity as needed, but to at most `bytes_max` (or to what is needed, if that is
// more). Returns false likewise.
template <class Buffer>
[[nodiscard]] bool try_append(Buffer& buffer, std::string_view bytes,
                              std::size_t bytes_max = std::numeric_limits<std::size_t>::max()) {
  const std::size_t needed = buffer.size() + bytes.size();
  if (needed > buffer.capacity()) {
    const std::size_t room = std::max(needed, std::min(2 * buffer.capacity(), bytes_max));
    if (!try_reserve(buffer, room)) return false;
  }
  buffer.insert(buffer.end(), bytes.begin(), bytes.end());
  return true;
}

}  // namespace carillon
