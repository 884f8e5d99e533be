#pragma once

#include <cstddef>
#include <new>
#include <string>

namespace carillon {

// Thrown when the system refuses address space. what() states the requested size and what to do about it.
class AddressSpaceRefused final : public std::bad_alloc {
 public:
  explicit AddressSpaceRefused(std::size_t bytes);
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::string message_;
};

// ReservedPages: a range of address space, reserved without memory, that is made usable from its beginning.
//
// Thread: its owner's. Usable bytes are zero at first. The memory is released with the object, not before.
class ReservedPages {
 public:
  // Throws AddressSpaceRefused.
  explicit ReservedPages(std::size_t bytes);
  ~ReservedPages();
  ReservedPages(const ReservedPages&) = delete;
  ReservedPages& operator=(const ReservedPages&) = delete;

  void* address() { return address_; }
  const void* address() const { return address_; }

  // Makes the first `bytes` usable. Throws std::bad_alloc beyond the reserved range, or when the system
  // refuses the memory.
  void commit(std::size_t bytes) {
    if (bytes > committed_) grow(bytes);
  }

 private:
  void grow(std::size_t bytes);

  const std::size_t reserved_;
  std::size_t committed_ = 0;
  void* address_ = nullptr;
};

}  // namespace carillon
