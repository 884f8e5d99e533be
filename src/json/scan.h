// Steps over JSON text, for the other files of this folder.
//
// Thread: any; pure; nothing allocates but append_unescaped(). Text called "valid" must have passed
// validate(); on other text the steps stay inside it but mean nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace carillon::json::scan {

inline bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

inline std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

// From the opening quote of a valid string to behind its closing one.
std::size_t string_end(std::string_view text, std::size_t at);
// From the first byte of a valid value to behind its last.
std::size_t value_end(std::string_view text, std::size_t at);

// How many bytes from `at` on are one UTF-8 sequence (RFC 3629). Where they are none, minus the length of
// the longest part that could have begun one, at least 1 (Unicode's "maximal subpart").
int utf8_sequence(std::string_view text, std::size_t at);

// One code point as UTF-8. A surrogate comes out as three bytes that are not UTF-8.
void append_utf8(std::string& out, std::uint32_t code_point);

// A valid string's inside (no quotes), unescaped. `refuse`: false at half a surrogate pair; `keep`: it
// becomes what append_utf8() makes of it, which is equal only to itself.
enum class LoneSurrogates : std::uint8_t { refuse, keep };
bool append_unescaped(std::string& out, std::string_view escaped, LoneSurrogates lone_surrogates);

// Whether the unescaped inside of a valid string is `text`. Allocates nothing.
bool unescaped_equals(std::string_view escaped, std::string_view text);

}  // namespace carillon::json::scan
