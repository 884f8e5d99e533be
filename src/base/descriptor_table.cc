#include "base/descriptor_table.h"

#include <sched.h>

#include <thread>

namespace carillon {

bool unshare_descriptors() { return ::unshare(CLONE_FILES) == 0; }

bool can_unshare_descriptors() {
  bool allowed = false;
  std::thread([&allowed] { allowed = unshare_descriptors(); }).join();
  return allowed;
}

}  // namespace carillon
