// UTF-8 by its definition (RFC 3629 section 3), with no thought for speed: what Utf8Validator is held
// to in tests and fuzzers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace carillon::testing {

// The size of the valid sequence at the beginning of `bytes`, or 0.
inline std::size_t naive_sequence_size(std::string_view bytes) {
  if (bytes.empty()) return 0;
  const auto lead = static_cast<std::uint8_t>(bytes[0]);
  std::size_t size = 0;
  std::uint32_t point = 0;
  if ((lead & 0x80) == 0x00) size = 1, point = lead;
  if ((lead & 0xE0) == 0xC0) size = 2, point = lead & 0x1F;
  if ((lead & 0xF0) == 0xE0) size = 3, point = lead & 0x0F;
  if ((lead & 0xF8) == 0xF0) size = 4, point = lead & 0x07;
  if (size == 0 || bytes.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    const auto next = static_cast<std::uint8_t>(bytes[i]);
    if ((next & 0xC0) != 0x80) return 0;
    point = (point << 6) | (next & 0x3F);
  }
  const std::size_t shortest = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  const bool is_surrogate = point >= 0xD800 && point <= 0xDFFF;
  return size == shortest && !is_surrogate && point <= 0x10FFFF ? size : 0;
}

inline bool naive_is_valid_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t size = naive_sequence_size(bytes);
    if (size == 0) return false;
    bytes.remove_prefix(size);
  }
  return true;
}

// Could something be appended that makes it valid? Tries: no sequence lacks more than three bytes, and
// each bound that UTF-8 sets for a continuation byte lets one of these four through.
inline bool naive_can_become_utf8(std::string_view bytes, int depth = 3) {
  while (const std::size_t size = naive_sequence_size(bytes)) bytes.remove_prefix(size);
  if (bytes.empty()) return true;
  if (depth == 0 || bytes.size() > 3) return false;
  for (const char next : {'\x80', '\x90', '\xA0', '\xBF'}) {
    if (naive_can_become_utf8(std::string(bytes) + next, depth - 1)) return true;
  }
  return false;
}

}  // namespace carillon::testing
