#pragma once

#include <cstddef>

namespace carillon {

// MemoryReserve: memory that is set aside, so that small allocations still succeed when the system has
// no more. Without it one failed `new` in any corner ends the process and every client's connection.
//
// While one exists it is the process's new-handler: when operator new fails, the reserve goes back to the
// system, the allocation is tried again, and is_used_up() returns true for the owner, which then makes room
// (refuses new work, closes clients) and calls try_refill(). A soft allocation (soft_allocation.h) leaves the
// reserve alone and fails. When the reserve is used up too, operator new throws as always.
//
// Thread: created and destroyed by one, before and after the others; the handler runs on any. At most one
// at a time.
class MemoryReserve {
 public:
  // Holds `bytes` of address space, of which the kernel has given no page yet: it counts against
  // RLIMIT_AS, not against a cgroup. Without room for it, it is used up from the start.
  explicit MemoryReserve(std::size_t bytes);
  ~MemoryReserve();
  MemoryReserve(const MemoryReserve&) = delete;
  MemoryReserve& operator=(const MemoryReserve&) = delete;

  bool is_used_up() const;
  // Sets aside the same amount again, or an eighth of it at least. False when the system does not give it;
  // then try again later.
  bool try_refill();

 private:
  const std::size_t bytes_;
};

}  // namespace carillon
