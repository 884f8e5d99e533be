// The UTF-8 validator, cut in two anywhere, against the definition.
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "base/testing/naive_utf8.h"
#include "base/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace carillon;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::string_view first = text.substr(0, data[0]);
  const std::string_view second = text.substr(first.size());
  Utf8Validator validator;
  CARILLON_ASSERT(validator.feed(first) == testing::naive_can_become_utf8(first));
  CARILLON_ASSERT(validator.feed(second) == testing::naive_can_become_utf8(text));
  CARILLON_ASSERT(is_valid_utf8(text) == testing::naive_is_valid_utf8(text));
  return 0;
}
