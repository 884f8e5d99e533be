// InlineList<T>: a list of small trivial values whose first sits in the list itself, 24 bytes for an
// 8-byte T. Most connections have one subscription and most channels one subscriber.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#include "base/assert.h"

namespace carillon::channel {

template <class T>
class InlineList {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  InlineList() = default;
  InlineList(InlineList&& other) noexcept
      : heap_(std::exchange(other.heap_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 1)),
        first_(other.first_) {}
  InlineList& operator=(InlineList&& other) noexcept {
    if (this != &other) {
      std::free(heap_);
      heap_ = std::exchange(other.heap_, nullptr);
      size_ = std::exchange(other.size_, 0);
      capacity_ = std::exchange(other.capacity_, 1);
      first_ = other.first_;
    }
    return *this;
  }
  ~InlineList() { std::free(heap_); }

  std::uint32_t size() const { return size_; }
  T* data() { return heap_ ? heap_ : &first_; }
  const T* data() const { return heap_ ? heap_ : &first_; }
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
  // Gives back what a list that was once much longer holds.
  void shrink() {
    if (!heap_ || size_ * 4 > capacity_ || capacity_ <= 4) return;
    const std::uint32_t wanted = size_ < 4 ? 4 : size_;
    if (T* smaller = static_cast<T*>(std::realloc(heap_, wanted * sizeof(T)))) {
      heap_ = smaller;
      capacity_ = wanted;
    }
  }
  void clear() {
    std::free(heap_);
    heap_ = nullptr;
    size_ = 0;
    capacity_ = 1;
  }

 private:
  void grow() {
    const std::uint32_t wanted = capacity_ < 4 ? 4 : capacity_ * 2;
    // realloc grows a large array in place (mremap), so its pages are not touched twice.
    T* grown = static_cast<T*>(std::realloc(heap_, wanted * sizeof(T)));
    if (!grown) throw std::bad_alloc();
    if (!heap_) grown[0] = first_;
    heap_ = grown;
    capacity_ = wanted;
  }

  T* heap_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 1;
  T first_{};
};

}  // namespace carillon::channel
