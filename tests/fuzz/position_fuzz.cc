// Positions: a text that parses is the only text of its position, and every position is parsed from its text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "event/position.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_text(std::string_view text) {
  const auto position = carillon::parse_position(text);
  if (!position) return;
  require(text.size() <= carillon::kPositionBytesMax);
  std::string again;
  carillon::append_text(*position, again);
  require(again == text);
}

void check_position(carillon::Position position) {
  std::string text;
  carillon::append_text(position, text);
  require(text.size() <= carillon::kPositionBytesMax);
  require(carillon::parse_position(text) == position);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check_text({reinterpret_cast<const char*>(data), size});
  carillon::Position position;
  if (size >= sizeof position) {
    std::memcpy(&position, data, sizeof position);
    check_position(position);
  }
  return 0;
}
