#include "config/quantity.h"

#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace carillon::config {
namespace {

using Unit = std::pair<std::string_view, std::uint64_t>;

constexpr std::array<Unit, 4> kTimeUnits = {{{"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr std::array<Unit, 4> kSizeUnits = {
    {{"GiB", 1ULL << 30}, {"MiB", 1ULL << 20}, {"KiB", 1ULL << 10}, {"B", 1}}};
constexpr std::uint64_t kDurationMsMax = 100ULL * 24 * 3'600'000;

std::optional<std::uint64_t> parse(std::string_view text, const std::array<Unit, 4>& units) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& [name, factor] : units) {
    if (unit != name) continue;
    if (number > std::numeric_limits<std::uint64_t>::max() / factor) return std::nullopt;
    return number * factor;
  }
  return std::nullopt;
}

}  // namespace

std::optional<milliseconds> parse_duration(std::string_view text) {
  const auto count = parse(text, kTimeUnits);
  if (!count || *count > kDurationMsMax) return std::nullopt;
  return milliseconds(*count);
}

std::string show_duration(milliseconds duration) {
  const auto count = static_cast<std::uint64_t>(duration.count());
  for (const auto& [name, factor] : kTimeUnits) {
    if (count % factor == 0 && (count != 0 || name == "s")) {
      return std::to_string(count / factor) + std::string(name);
    }
  }
  return std::to_string(count) + "ms";
}

std::optional<std::uint64_t> parse_size(std::string_view text) { return parse(text, kSizeUnits); }

std::string show_size(std::uint64_t bytes) {
  for (const auto& [name, factor] : kSizeUnits) {
    if (factor > 1 && bytes != 0 && bytes % factor == 0) {
      return std::to_string(bytes / factor) + std::string(name);
    }
  }
  return std::to_string(bytes);
}

}  // namespace carillon::config
