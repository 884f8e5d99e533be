// Two functions that Debian 12's libstdc++.a and libgcc_eh.a expect of a glibc newer than 2.34. The binary of
// the tarball brings its own, so that it also starts on systems whose glibc does not have them.
//
// Both are hidden: a library that is loaded at run time uses the system's.
#include <dlfcn.h>
#include <link.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>

namespace {

/// What `_dl_find_object` searches for, and what it has found.
struct Search {
  ElfW(Addr) address;
  dl_find_object* result;
  bool is_found = false;
};

// Fills in the result when the address belongs to this object. Returns 1 then, which ends the iteration.
int look_into(dl_phdr_info* object, std::size_t, void* data) {
  Search& search = *static_cast<Search*>(data);
  const ElfW(Phdr)* unwind_table = nullptr;
  ElfW(Addr) start = 0;
  ElfW(Addr) end = 0;
  bool contains = false;
  for (ElfW(Half) i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& part = object->dlpi_phdr[i];
    if (part.p_type == PT_GNU_EH_FRAME) unwind_table = &part;
    if (part.p_type != PT_LOAD) continue;
    const ElfW(Addr) from = object->dlpi_addr + part.p_vaddr;
    const ElfW(Addr) to = from + part.p_memsz;
    if (end == 0) start = from;
    end = to;
    contains = contains || (search.address >= from && search.address < to);
  }
  if (!contains) return 0;
  if (unwind_table == nullptr) return 1;
  *search.result = {};
  search.result->dlfo_map_start = reinterpret_cast<void*>(start);
  search.result->dlfo_map_end = reinterpret_cast<void*>(end);
  search.result->dlfo_eh_frame = reinterpret_cast<void*>(object->dlpi_addr + unwind_table->p_vaddr);
  search.is_found = true;
  return 1;
}

}  // namespace

extern "C" {

// Finds the object that contains `address`, for the unwinder of exceptions (glibc 2.35). Returns 0 when it is
// found.
__attribute__((visibility("hidden"))) int _dl_find_object(void* address, dl_find_object* result) noexcept {
  Search search{reinterpret_cast<ElfW(Addr)>(address), result};
  ::dl_iterate_phdr(look_into, &search);
  return search.is_found ? 0 : -1;
}

// Returns a random number, for std::random_device (glibc 2.36). Without randomness there are no secrets, so
// the process ends.
__attribute__((visibility("hidden"))) std::uint32_t arc4random() noexcept {
  std::uint32_t number = 0;
  ssize_t count = 0;
  do {
    count = ::getrandom(&number, sizeof number, 0);
  } while (count < 0 && errno == EINTR);
  if (count != sizeof number) std::abort();
  return number;
}

}  // extern "C"
