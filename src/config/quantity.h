// Durations and sizes in a configuration: "250ms", "30s", "64KiB".
//
// Pure. Whole numbers with one unit only ("1m30s" is refused: write "90s").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace carillon::config {

// "250ms" "30s" "5m" "1h"; nothing for anything else, or for more than 100 days.
std::optional<milliseconds> parse_duration(std::string_view text);
std::string show_duration(milliseconds duration);  // in the largest unit that is exact

// "512B" "64KiB" "1MiB" "2GiB"; nothing for anything else, or beyond 64 bits.
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string show_size(std::uint64_t bytes);  // "64KiB" where exact, else "1000"

}  // namespace carillon::config
