#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace carillon {

// Base class of objects that Ref holds: an atomic reference count.
class RefCounted {
 public:
  RefCounted() = default;
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;

  void add_ref() const noexcept { count_.fetch_add(1, std::memory_order_relaxed); }
  // Returns true when that was the last reference.
  bool release_ref() const noexcept { return count_.fetch_sub(1, std::memory_order_acq_rel) == 1; }

 protected:
  ~RefCounted() = default;

 private:
  mutable std::atomic<std::uint32_t> count_{1};
};

// Ref<T>: an 8-byte reference to an object that has an atomic reference count (RefCounted). It is used for
// immutable objects that several shards hold at the same time; everything else has one owner.
template <class T>
class Ref {
 public:
  Ref() = default;
  // Takes over the initial reference of a new object.
  static Ref adopt(T* object) noexcept {
    Ref ref;
    ref.object_ = object;
    return ref;
  }
  Ref(const Ref& other) noexcept : object_(other.object_) {
    if (object_) object_->add_ref();
  }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ && object_->release_ref()) T::destroy(object_);
  }

  T* get() const noexcept { return object_; }
  T* operator->() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

}  // namespace carillon
