#include "event/position.h"

#include <array>
#include <charconv>
#include <system_error>

namespace carillon {
namespace {

constexpr char kVersion = '1';
constexpr std::size_t kEpochCharacters = 11;
constexpr std::size_t kNumberAt = 1 + kEpochCharacters + 1;
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void append_epoch(std::uint64_t epoch, std::string& out) {
  for (int shift = 58; shift >= 4; shift -= 6) out += kAlphabet[(epoch >> shift) & 0x3F];
  out += kAlphabet[(epoch << 2) & 0x3F];  // the last four bits; two bits of the character are unused
}

std::optional<std::uint64_t> parse_epoch(std::string_view text) {
  std::uint64_t epoch = 0;
  std::size_t value = 0;
  for (std::size_t i = 0; i < kEpochCharacters; ++i) {
    value = kAlphabet.find(text[i]);
    if (value == std::string_view::npos) return std::nullopt;
    epoch = i + 1 < kEpochCharacters ? epoch << 6 | value : epoch << 4 | value >> 2;
  }
  if ((value & 0x3) != 0) return std::nullopt;  // RFC 4648 section 3.5: unused bits are zero
  return epoch;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::uint64_t number = 0;
  // For an unsigned number it accepts digits only: no sign, no blank.
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

void append_text(Position position, std::string& out) {
  out += kVersion;
  append_epoch(position.epoch, out);
  out += '.';
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), position.number).ptr;
  out.append(digits.data(), end);
}

std::optional<Position> parse_position(std::string_view text) {
  if (text.size() <= kNumberAt || text.size() > kPositionBytesMax) return std::nullopt;
  if (text.front() != kVersion || text[kNumberAt - 1] != '.') return std::nullopt;
  const auto epoch = parse_epoch(text.substr(1, kEpochCharacters));
  const auto number = parse_number(text.substr(kNumberAt));
  if (!epoch || !number) return std::nullopt;
  return Position{*epoch, *number};
}

}  // namespace carillon
