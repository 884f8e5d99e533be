#pragma once

#include <cstddef>

namespace carillon {

// MemoryReserve: reserved memory that lets small allocations succeed when the system has no more. Without it
// one failed `new` anywhere ends the process and every client's connection.
//
// While a MemoryReserve exists, it is the process's new-handler: when operator new fails, the reserve is
// released to the system and the allocation is retried. is_used_up() then returns true; the owner makes room
// (refuses new work, closes clients) and calls try_refill(). A soft allocation (soft_allocation.h) does not
// use the reserve and fails. When the reserve is used up too, operator new throws as usual.
//
// Thread: created and destroyed while no other thread runs; the handler runs on any thread. At most one
// exists at a time.
class MemoryReserve {
 public:
  // Reserves `bytes` of address space without touching a page: it counts against RLIMIT_AS, not against a
  // cgroup. When there is no room for it, the reserve is used up from the start.
  explicit MemoryReserve(std::size_t bytes);
  ~MemoryReserve();
  MemoryReserve(const MemoryReserve&) = delete;
  MemoryReserve& operator=(const MemoryReserve&) = delete;

  bool is_used_up() const;
  // Reserves the same amount again, or at least an eighth of it. Returns false when the system refuses; try
  // again later.
  bool try_refill();

 private:
  const std::size_t bytes_;
};

}  // namespace carillon
