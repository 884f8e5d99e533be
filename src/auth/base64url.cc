#include "auth/base64url.h"

#include <array>
#include <cstdint>

namespace carillon::auth {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNotALetter = 0xFF;

constexpr std::array<std::uint8_t, 256> kValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNotALetter);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

std::uint32_t value_of(char letter) { return kValues[static_cast<unsigned char>(letter)]; }
char byte_of(std::uint32_t bits) { return static_cast<char>(static_cast<unsigned char>(bits & 0xFF)); }

// The last two or three letters. Their unused low bits must be zero (RFC 4648 section 3.5).
bool decode_tail(std::string_view tail, std::string& out) {
  std::uint32_t bits = 0;
  for (const char letter : tail) {
    if (value_of(letter) == kNotALetter) return false;
    bits = bits << 6 | value_of(letter);
  }
  if (tail.size() == 2) {
    if ((bits & 0xF) != 0) return false;
    out += byte_of(bits >> 4);
    return true;
  }
  if ((bits & 0x3) != 0) return false;
  out += byte_of(bits >> 10);
  out += byte_of(bits >> 2);
  return true;
}

}  // namespace

bool decode_base64url(std::string_view text, std::string& out) {
  out.clear();
  const std::size_t tail = text.size() % 4;
  if (tail == 1) return false;
  out.reserve(text.size() / 4 * 3 + 2);
  const std::size_t whole = text.size() - tail;
  for (std::size_t i = 0; i < whole; i += 4) {
    const std::uint32_t a = value_of(text[i]), b = value_of(text[i + 1]);
    const std::uint32_t c = value_of(text[i + 2]), d = value_of(text[i + 3]);
    if (((a | b | c | d) & 0x80) != 0) return false;
    const std::uint32_t bits = a << 18 | b << 12 | c << 6 | d;
    out += byte_of(bits >> 16);
    out += byte_of(bits >> 8);
    out += byte_of(bits);
  }
  return tail == 0 || decode_tail(text.substr(whole), out);
}

std::string encode_base64url(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char byte : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(byte);
    held += 8;
    while (held >= 6) {
      held -= 6;
      text += kAlphabet[bits >> held & 0x3F];
    }
  }
  if (held > 0) text += kAlphabet[bits << (6 - held) & 0x3F];
  return text;
}

}  // namespace carillon::auth
