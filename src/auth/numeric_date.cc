#include "auth/numeric_date.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

namespace carillon::auth {
namespace {

// A decimal number taken apart: the point stands after the digit of that index, which may lie outside
// of the digits on either side.
struct Decimal {
  bool negative = false;
  std::string digits;
  std::int64_t point = 0;

  int digit(std::int64_t index) const {
    const bool inside = index >= 0 && index < std::ssize(digits);
    return inside ? digits[static_cast<std::size_t>(index)] - '0' : 0;
  }
};

// Larger than any count of digits in a token, small enough to add.
constexpr std::int64_t kExponentMax = 1'000'000'000;

std::int64_t exponent_of(std::string_view text) {
  const bool negative = text.starts_with('-');
  std::int64_t value = 0;
  for (const char c : text) {
    if (c != '-' && c != '+') value = std::min(kExponentMax, value * 10 + (c - '0'));
  }
  return negative ? -value : value;
}

Decimal take_apart(std::string_view number) {
  Decimal decimal;
  decimal.negative = number.starts_with('-');
  number.remove_prefix(decimal.negative ? 1 : 0);
  const std::size_t e = number.find_first_of("eE");
  const std::string_view mantissa = number.substr(0, e);
  const std::size_t dot = mantissa.find('.');
  decimal.digits = mantissa.substr(0, dot);
  decimal.point = std::ssize(decimal.digits);
  if (dot != std::string_view::npos) decimal.digits += mantissa.substr(dot + 1);
  if (e != std::string_view::npos) decimal.point += exponent_of(number.substr(e + 1));
  return decimal;
}

constexpr std::int64_t kSecondsDigitsMax = 19;

std::optional<std::uint64_t> whole_seconds(const Decimal& decimal, std::int64_t first) {
  if (decimal.point - first > kSecondsDigitsMax) return std::nullopt;
  std::uint64_t value = 0;
  for (std::int64_t i = first; i < decimal.point; ++i) {
    value = value * 10 + static_cast<std::uint64_t>(decimal.digit(i));
  }
  if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  return value;
}

}  // namespace

std::optional<WallTime> numeric_date(std::string_view number) {
  const Decimal decimal = take_apart(number);
  const std::size_t first = decimal.digits.find_first_not_of('0');
  if (first == std::string::npos) return WallTime{};
  const auto whole = whole_seconds(decimal, static_cast<std::int64_t>(first));
  if (!whole) return std::nullopt;
  if (*whole >= static_cast<std::uint64_t>(kNumericDateMax.count())) {
    return WallTime(decimal.negative ? -kNumericDateMax : kNumericDateMax);
  }
  auto magnitude = static_cast<std::int64_t>(*whole);
  for (std::int64_t i = 0; i < 3; ++i) magnitude = magnitude * 10 + decimal.digit(decimal.point + i);
  if (decimal.negative) return WallTime(milliseconds(-magnitude));
  const auto rest = static_cast<std::size_t>(
      std::clamp(decimal.point + 3, std::int64_t{0}, static_cast<std::int64_t>(decimal.digits.size())));
  const bool more = decimal.digits.find_first_not_of('0', rest) != std::string::npos;
  return WallTime(milliseconds(magnitude + (more ? 1 : 0)));
}

bool looks_like_milliseconds(std::string_view number) {
  const Decimal decimal = take_apart(number);
  const std::size_t first = decimal.digits.find_first_not_of('0');
  if (decimal.negative || first == std::string::npos) return false;
  const auto whole = whole_seconds(decimal, static_cast<std::int64_t>(first));
  return whole && *whole >= static_cast<std::uint64_t>(kMillisecondsSuspected.count());
}

}  // namespace carillon::auth
