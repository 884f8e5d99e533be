#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace carillon {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "carillon: bug: %s:%d: assertion failed: %s\n", file, line, condition);
  std::abort();
}

void end_process(const char* why, const char* detail) noexcept {
  std::fprintf(stderr, "carillon: %s: %s\n", why, detail);
  std::_Exit(EXIT_FAILURE);
}

}  // namespace carillon
