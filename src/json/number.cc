// Value's numbers: exact integers and nearest doubles (RFC 8259 section 6).
#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "json/reader.h"

namespace carillon::json {
namespace {

constexpr std::int64_t kExponentMax = 1'000'000'000'000;  // beyond any text's length: nothing cancels it

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A decimal number as digits × 10^exponent, without zeros in front or behind.
struct Decimal {
  bool negative = false;
  std::string_view digits;       // with at most one '.', to be skipped
  std::int64_t digit_count = 0;  // 0: the number is zero
  std::int64_t exponent = 0;
};

std::int64_t read_exponent(std::string_view text) {
  const bool negative = text.starts_with('-');
  std::int64_t value = 0;
  for (const char c : text) {
    if (is_digit(c)) value = std::min(kExponentMax, value * 10 + (c - '0'));
  }
  return negative ? -value : value;
}

Decimal read_decimal(std::string_view number) {
  Decimal decimal;
  decimal.negative = number.starts_with('-');
  if (decimal.negative) number.remove_prefix(1);
  const std::size_t e = std::min(number.find_first_of("eE"), number.size());
  if (e < number.size()) decimal.exponent = read_exponent(number.substr(e + 1));
  std::string_view mantissa = number.substr(0, e);
  const std::size_t first = mantissa.find_first_not_of("0.");
  if (first == std::string_view::npos) return decimal;
  const std::size_t last = mantissa.find_last_not_of("0.");
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  decimal.digits = mantissa.substr(first, last - first + 1);
  decimal.digit_count = static_cast<std::int64_t>(decimal.digits.size());
  if (point > first && point < last) --decimal.digit_count;
  // The last digit's weight, before the exponent that was written.
  decimal.exponent +=
      last < point ? static_cast<std::int64_t>(point - last - 1) : -static_cast<std::int64_t>(last - point);
  return decimal;
}

}  // namespace

Result<std::int64_t, NumberFault> Value::integer() const {
  if (!is(Type::number)) return tl::unexpected(NumberFault::not_a_number);
  const Decimal decimal = read_decimal(raw_);
  if (decimal.digit_count == 0) return 0;
  if (decimal.exponent < 0) return tl::unexpected(NumberFault::not_an_integer);
  if (decimal.digit_count + decimal.exponent > 19) return tl::unexpected(NumberFault::out_of_range);
  std::uint64_t magnitude = 0;  // below 10^19, which fits
  for (const char c : decimal.digits) {
    if (is_digit(c)) magnitude = magnitude * 10 + static_cast<std::uint64_t>(c - '0');
  }
  for (std::int64_t i = 0; i < decimal.exponent; ++i) magnitude *= 10;
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (magnitude > kMax + (decimal.negative ? 1 : 0)) return tl::unexpected(NumberFault::out_of_range);
  return static_cast<std::int64_t>(decimal.negative ? 0 - magnitude : magnitude);
}

Result<double, NumberFault> Value::number() const {
  if (!is(Type::number)) return tl::unexpected(NumberFault::not_a_number);
  double value = 0;
  const auto [end, error] = std::from_chars(raw_.data(), raw_.data() + raw_.size(), value);
  if (error == std::errc{} && end == raw_.data() + raw_.size()) return value;
  if (error != std::errc::result_out_of_range) return tl::unexpected(NumberFault::not_a_number);
  // Too large for a double, or too small: then zero is nearest.
  const Decimal decimal = read_decimal(raw_);
  if (decimal.digit_count + decimal.exponent > 0) return tl::unexpected(NumberFault::out_of_range);
  return decimal.negative ? -0.0 : 0.0;
}

}  // namespace carillon::json
