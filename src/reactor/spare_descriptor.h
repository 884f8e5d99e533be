#pragma once

#include <utility>

#include "reactor/listener.h"

namespace carillon::reactor {

// SpareDescriptor: a descriptor that is kept open in reserve. When no other is left, it is closed so that one
// more connection can be accepted and answered, and opened again when that connection ends.
//
// Thread: the one of the shard whose table it is in. It outlives its lease.
class SpareDescriptor {
 public:
  // Allows its holder to use one descriptor. Destroy it after that descriptor was closed.
  class Lease {
   public:
    Lease() = default;
    explicit Lease(SpareDescriptor& owner) : owner_(&owner) {}
    Lease(Lease&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
    Lease& operator=(Lease&& other) noexcept {
      if (this != &other) {
        end();
        owner_ = std::exchange(other.owner_, nullptr);
      }
      return *this;
    }
    ~Lease() { end(); }
    explicit operator bool() const { return owner_ != nullptr; }

   private:
    void end() {
      if (SpareDescriptor* const owner = std::exchange(owner_, nullptr)) owner->take_back();
    }

    SpareDescriptor* owner_ = nullptr;
  };

  void open();
  bool is_lent() const { return lent_; }
  // May only be called while it is not lent.
  Lease lend();

 private:
  void take_back();

  FileDescriptor spare_;
  bool lent_ = false;
};

}  // namespace carillon::reactor
