#include "base/pages.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <new>

namespace carillon {
namespace {

// At a time: a system call for each page would be many, and only touched pages cost memory.
constexpr std::size_t kStep = 256 * 1024;

std::size_t rounded_up(std::size_t bytes) { return (bytes + kStep - 1) / kStep * kStep; }

std::string limit_in_words() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return "is unlimited";
  return "is " + std::to_string(limit.rlim_cur >> 20) + " MiB";
}

}  // namespace

AddressSpaceRefused::AddressSpaceRefused(std::size_t bytes)
    : message_("cannot reserve " + std::to_string(bytes >> 20) +
               " MiB of address space. Each shard reserves some such ranges, which take no memory until "
               "clients use them. The limit on address space (ulimit -v, RLIMIT_AS) " +
               limit_in_words() +
               ": remove it, or lower server.shards; to bound memory use a cgroup (systemd: MemoryMax=, "
               "docker: --memory)") {}

ReservedPages::ReservedPages(std::size_t bytes) : reserved_(rounded_up(bytes)) {
  void* const mapped =
      ::mmap(nullptr, reserved_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) throw AddressSpaceRefused(reserved_);
  address_ = mapped;
}

ReservedPages::~ReservedPages() { ::munmap(address_, reserved_); }

void ReservedPages::grow(std::size_t bytes) {
  if (bytes > reserved_) throw std::bad_alloc();
  const std::size_t wanted = std::min(rounded_up(bytes), reserved_);
  if (::mprotect(address_, wanted, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
  committed_ = wanted;
}

}  // namespace carillon
