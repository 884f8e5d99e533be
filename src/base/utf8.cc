#include "base/utf8.h"

#include <cstring>

namespace carillon {
namespace {

// What a lead byte promises: how many continuation bytes follow, and the bounds of the first of them
// (RFC 3629 section 4; the tighter bounds keep out overlong forms, surrogates and what is above
// U+10FFFF). No bytes needed: not a lead byte.
struct Lead {
  std::uint8_t needed;
  std::uint8_t lowest;
  std::uint8_t highest;
};

constexpr Lead lead_of(std::uint8_t byte) {
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {1, 0x80, 0xBF};
  if (byte == 0xE0) return {2, 0xA0, 0xBF};
  if (byte == 0xED) return {2, 0x80, 0x9F};
  if (byte < 0xF0) return {2, 0x80, 0xBF};
  if (byte == 0xF0) return {3, 0x90, 0xBF};
  if (byte < 0xF4) return {3, 0x80, 0xBF};
  if (byte == 0xF4) return {3, 0x80, 0x8F};
  return {0, 0, 0};
}

// Almost all text is ASCII, so it is skipped a word at a time.
const std::uint8_t* skip_ascii(const std::uint8_t* at, const std::uint8_t* end) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  std::uint64_t words[4];
  while (end - at >= static_cast<std::ptrdiff_t>(sizeof words)) {
    std::memcpy(words, at, sizeof words);
    if (((words[0] | words[1] | words[2] | words[3]) & kHighBits) != 0) break;
    at += sizeof words;
  }
  while (end - at >= static_cast<std::ptrdiff_t>(sizeof words[0])) {
    std::memcpy(words, at, sizeof words[0]);
    if ((words[0] & kHighBits) != 0) break;
    at += sizeof words[0];
  }
  while (at != end && *at < 0x80) ++at;
  return at;
}

}  // namespace

bool is_valid_utf8(std::string_view bytes) {
  Utf8Validator validator;
  return validator.feed(bytes) && validator.at_boundary();
}

bool Utf8Validator::feed(std::string_view bytes) {
  if (broken_) return false;
  const auto* at = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const auto* const end = at + bytes.size();
  Lead open{needed_, lowest_, highest_};  // a local, as bytes may alias members but not this
  while (at != end) {
    if (open.needed == 0) {
      if (*at < 0x80) {
        at = skip_ascii(at, end);
        continue;
      }
      open = lead_of(*at++);
      if (open.needed == 0) return !(broken_ = true);
      continue;
    }
    if (*at < open.lowest || *at > open.highest) return !(broken_ = true);
    ++at;
    open = {static_cast<std::uint8_t>(open.needed - 1), 0x80, 0xBF};
  }
  needed_ = open.needed;
  lowest_ = open.lowest;
  highest_ = open.highest;
  return true;
}

}  // namespace carillon
