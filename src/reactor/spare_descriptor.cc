#include "reactor/spare_descriptor.h"

#include <sys/eventfd.h>

#include "base/assert.h"

namespace carillon::reactor {

// An eventfd needs no file system, and unlike a duplicate it also frees a place in the system's own table
// (ENFILE).
void SpareDescriptor::open() {
  if (!spare_) spare_ = FileDescriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

SpareDescriptor::Lease SpareDescriptor::lend() {
  CARILLON_ASSERT(!lent_);
  spare_ = FileDescriptor();
  lent_ = true;
  return Lease(*this);
}

// Where another thread was quicker to take the place, the next lease finds nothing to give, and comes back.
void SpareDescriptor::take_back() {
  lent_ = false;
  open();
}

}  // namespace carillon::reactor
