// UTF-8 validity (RFC 3629), whole or fed in pieces.
#pragma once

#include <cstdint>
#include <string_view>

namespace carillon {

bool is_valid_utf8(std::string_view bytes);

// Validates a text in pieces cut anywhere; fails at the first byte that cannot begin or continue a
// valid sequence (no surrogates, no overlong forms, nothing above U+10FFFF). Four bytes of state.
class Utf8Validator {
 public:
  // False as soon as the text so far cannot be the beginning of valid UTF-8; stays false.
  bool feed(std::string_view bytes);
  // True when no sequence is left half-way: the text may end here.
  bool at_boundary() const { return needed_ == 0; }
  void reset() { *this = Utf8Validator{}; }

 private:
  std::uint8_t needed_ = 0;     // continuation bytes still to come
  std::uint8_t lowest_ = 0x80;  // bounds of the next continuation byte
  std::uint8_t highest_ = 0xBF;
  bool broken_ = false;
};

}  // namespace carillon
