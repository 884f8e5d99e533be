#pragma once

#include <cstddef>
#include <memory>
#include <new>

#include "base/pages.h"

namespace carillon {

// ReservedArray<T>: an array that reserves its address space once and gets its pages as it grows. It
// therefore grows in place: nothing is copied, the loop does not pause, and pointers into it stay valid. (A
// std::vector of 100,000 connections stops the loop for milliseconds when it doubles.)
//
// Thread: its owner's. It never shrinks; an owner that reuses slots keeps a free list. Address space is
// reserved for `kMax` elements (PROT_NONE); growing beyond them, or without memory, throws std::bad_alloc.
template <class T, std::size_t kMax>
class ReservedArray {
 public:
  ReservedArray() : pages_(kMax * sizeof(T)) {}
  ReservedArray(const ReservedArray&) = delete;
  ReservedArray& operator=(const ReservedArray&) = delete;
  ~ReservedArray() { std::destroy_n(begin(), size_); }

  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return begin()[i]; }
  const T& operator[](std::size_t i) const { return begin()[i]; }
  T* begin() { return static_cast<T*>(pages_.address()); }
  T* end() { return begin() + size_; }
  const T* begin() const { return static_cast<const T*>(pages_.address()); }
  const T* end() const { return begin() + size_; }

  T& emplace_back() {
    if (size_ == kMax) throw std::bad_alloc();
    pages_.commit((size_ + 1) * sizeof(T));
    T* const made = std::construct_at(begin() + size_);
    ++size_;
    return *made;
  }

 private:
  ReservedPages pages_;
  std::size_t size_ = 0;
};

}  // namespace carillon
