// Validates JSON text: a strict check of the RFC 8259 grammar over the whole text. It must be one value, with
// optional white space around it, numbers of any length, and valid UTF-8. An escaped lone surrogate
// ("\ud800") is grammatical and accepted; reader.h refuses it when the text is read as a string.
//
// Thread: any; pure. Allocates nothing and does not recurse; its time is linear in the text's length.
// Limits: nesting of arrays and objects (`[]` is 1 deep); the caller limits the text's length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace carillon::json {

inline constexpr unsigned kDepthDefault = 128;
inline constexpr unsigned kDepthMax = 512;  // a larger `depth_max` counts as this

// Whether a text is valid JSON, and if not, why.
enum class Validity : std::uint8_t {
  valid,
  empty,              // nothing, or only white space
  truncated,          // the text ends inside a value
  unexpected_byte,    // a byte that the grammar does not allow here
  bad_number,         // 01, 1., .5, +1, 1e, -
  bad_escape,         // a backslash and something else than "\/bfnrtu, or \u without four hex digits
  control_character,  // below U+0020 inside a string; must be escaped
  bad_utf8,           // overlong, surrogate, above U+10FFFF, or cut
  too_deep,
  trailing_bytes  // more than one value
};

// The result of validating a text, with the position of the first fault.
struct Validation {
  Validity fault = Validity::valid;
  std::size_t offset = 0;  // of the first byte at fault; the text's size where it is cut short

  explicit operator bool() const { return fault == Validity::valid; }
};

Validation validate(std::string_view text, unsigned depth_max = kDepthDefault);

inline bool is_valid(std::string_view text, unsigned depth_max = kDepthDefault) {
  return static_cast<bool>(validate(text, depth_max));
}

// "a control character must be escaped": for people.
std::string_view describe(Validity fault);

}  // namespace carillon::json
