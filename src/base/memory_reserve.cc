#include "base/memory_reserve.h"

#include <malloc.h>
#include <sys/mman.h>

#include <atomic>
#include <new>

#include "base/assert.h"
#include "base/soft_allocation.h"

namespace carillon {
namespace {

constexpr std::size_t kSmallestPart = 8;  // of the reserve is better than none

// A new-handler is a plain function without an argument, so what it gives back has to be found here.
constinit std::atomic<void*> reserve{nullptr};
constinit std::atomic<std::size_t> reserve_bytes{0};

void give_back_reserve() {
  if (soft_allocation::Scope::is_open()) throw std::bad_alloc();
  void* const held = reserve.exchange(nullptr, std::memory_order_acq_rel);
  if (held == nullptr) throw std::bad_alloc();
  soft_allocation::memory_is_short.store(true, std::memory_order_relaxed);
  ::munmap(held, reserve_bytes.load(std::memory_order_relaxed));
}

// Not MAP_NORESERVE: where the system refuses to overcommit, the reserve is a promise as well.
void* set_aside(std::size_t bytes) {
  void* const mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return mapped == MAP_FAILED ? nullptr : mapped;
}

}  // namespace

MemoryReserve::MemoryReserve(std::size_t bytes) : bytes_(bytes) {
  CARILLON_ASSERT(reserve_bytes.exchange(bytes, std::memory_order_relaxed) == 0);  // one at a time
  reserve.store(set_aside(bytes), std::memory_order_release);
  std::set_new_handler(give_back_reserve);
}

MemoryReserve::~MemoryReserve() {
  std::set_new_handler(nullptr);
  const std::size_t bytes = reserve_bytes.load(std::memory_order_relaxed);
  if (void* const held = reserve.exchange(nullptr, std::memory_order_acq_rel)) ::munmap(held, bytes);
  reserve_bytes.store(0, std::memory_order_relaxed);
  soft_allocation::memory_is_short.store(false, std::memory_order_relaxed);
}

bool MemoryReserve::is_used_up() const { return reserve.load(std::memory_order_acquire) == nullptr; }

bool MemoryReserve::try_refill() {
  if (!is_used_up()) return true;
  ::malloc_trim(0);  // what has been freed since then
  for (std::size_t bytes = bytes_; bytes >= bytes_ / kSmallestPart && bytes > 0; bytes /= 2) {
    void* const held = set_aside(bytes);
    if (held == nullptr) continue;
    reserve_bytes.store(bytes, std::memory_order_relaxed);
    reserve.store(held, std::memory_order_release);
    soft_allocation::memory_is_short.store(false, std::memory_order_relaxed);
    return true;
  }
  return false;
}

}  // namespace carillon
