// Checks UTF-8 (RFC 3629), as a whole or in pieces.
#pragma once

#include <cstdint>
#include <string_view>

namespace carillon {

bool is_valid_utf8(std::string_view bytes);

// Validates a text in pieces that may be split anywhere. Fails at the first byte that cannot begin or
// continue a valid sequence (no surrogates, no overlong forms, nothing above U+10FFFF). Has four bytes of
// state.
class Utf8Validator {
 public:
  // Returns false as soon as the text so far cannot be the beginning of valid UTF-8, and in all later calls.
  bool feed(std::string_view bytes);
  // Returns true when no sequence is incomplete, so that the text may end here.
  bool at_boundary() const { return needed_ == 0; }
  void reset() { *this = Utf8Validator{}; }

 private:
  std::uint8_t needed_ = 0;     // continuation bytes still to come
  std::uint8_t lowest_ = 0x80;  // bounds of the next continuation byte
  std::uint8_t highest_ = 0xBF;
  bool broken_ = false;
};

}  // namespace carillon
