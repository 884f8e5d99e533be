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

// Skips a valid string: from its opening quote to the byte after its closing quote.
std::size_t string_end(std::string_view text, std::size_t at);
// Skips a valid value: from its first byte to the byte after its last.
std::size_t value_end(std::string_view text, std::size_t at);

// Returns the length of the UTF-8 sequence at `at` (RFC 3629). When there is none, returns minus the length
// of the longest part that could begin one, at least 1 (Unicode's "maximal subpart").
int utf8_sequence(std::string_view text, std::size_t at);

// Appends one code point as UTF-8. A surrogate becomes three bytes that are not valid UTF-8.
void append_utf8(std::string& out, std::uint32_t code_point);

// Appends the unescaped content of a valid string (without quotes). With `refuse` it returns false at a lone
// surrogate; with `keep` the surrogate becomes what append_utf8() makes of it.
enum class LoneSurrogates : std::uint8_t { refuse, keep };
bool append_unescaped(std::string& out, std::string_view escaped, LoneSurrogates lone_surrogates);

// Whether the unescaped inside of a valid string is `text`. Allocates nothing.
bool unescaped_equals(std::string_view escaped, std::string_view text);

}  // namespace carillon::json::scan
