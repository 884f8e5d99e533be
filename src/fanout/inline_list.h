#pragma once

#include <malloc.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#include "base/assert.h"

namespace carillon::fanout {

// InlineList<T>: a list of small trivial values that stores a single value without an allocation, in 16 bytes
// for a T of up to 8. Most connections have one subscription, and most channels one subscriber.
template <class T>
class InlineList {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  InlineList() = default;
  InlineList(InlineList&& other) noexcept { take(other); }
  InlineList& operator=(InlineList&& other) noexcept {
    if (this != &other) {
      clear();
      take(other);
    }
    return *this;
  }
  ~InlineList() { clear(); }

  std::uint32_t size() const { return size_; }
  T* data() { return on_heap() ? heap_ : &first_; }
  const T* data() const { return on_heap() ? heap_ : &first_; }
  T& operator[](std::uint32_t i) { return data()[i]; }
  const T& operator[](std::uint32_t i) const { return data()[i]; }
  T* begin() { return data(); }
  T* end() { return data() + size_; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }

  void push_back(T value) {
    if (size_ == capacity_) grow();
    data()[size_++] = value;
  }
  void pop_back() {
    CARILLON_ASSERT(size_ > 0);
    --size_;
    if (size_ == 0) clear();
  }
  // Frees memory that the list no longer needs after it was much longer.
  void shrink() {
    if (!on_heap() || size_ * 4 > capacity_ || capacity_ <= 4) return;
    const std::uint32_t wanted = size_ < 4 ? 4 : size_;
    if (T* smaller = static_cast<T*>(std::realloc(heap_, wanted * sizeof(T)))) {
      heap_ = smaller;
      capacity_ = wanted;
    }
  }
  void clear() {
    if (on_heap()) std::free(heap_);
    first_ = T{};
    size_ = 0;
    capacity_ = 1;
  }

 private:
  static constexpr std::uint32_t kLong = 1024;

  bool on_heap() const { return capacity_ > 1; }

  void take(InlineList& other) {
    // The bytes may be copied, because nothing points into the object.
    // NOLINTNEXTLINE(bugprone-undefined-memory-manipulation)
    std::memcpy(static_cast<void*>(this), &other, sizeof other);
    other.capacity_ = 1;
    other.clear();
  }

  void grow() {
    // A short list grows by a quarter, so that little of it is unused and another list can reuse its old
    // block; it also uses the slack of malloc's block. A long list doubles: no other list fits its old block,
    // and its unused part is untouched pages.
    const std::uint32_t wanted = capacity_ + (capacity_ < kLong ? std::max(2U, capacity_ / 4) : capacity_);
    // realloc grows a large array in place (mremap), so its pages are not touched twice.
    T* grown = static_cast<T*>(std::realloc(on_heap() ? heap_ : nullptr, wanted * sizeof(T)));
    if (!grown) throw std::bad_alloc();
    if (!on_heap()) grown[0] = first_;
    heap_ = grown;
    capacity_ = static_cast<std::uint32_t>(malloc_usable_size(grown) / sizeof(T));
  }

  union {
    T first_{};
    T* heap_;  // when the capacity is more than one
  };
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 1;
};

}  // namespace carillon::fanout
