// NumericDate (RFC 7519 section 2): a JSON number of seconds since 1970, a fraction allowed.
//
// Thread: any. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace carillon::auth {

// The latest date (in the year 2262). Later dates are clamped to it, and dates before its negative to that.
// This way neither adding a leeway nor converting to nanoseconds overflows.
constexpr seconds kNumericDateMax{9'223'372'036};

// Returns the first millisecond that is not before the date: for a clock of whole milliseconds, `now >= date`
// and `now >= numeric_date(date)` are equivalent, for any number of digits. Returns nothing when the seconds
// do not fit in 64 bits. `number` must be a JSON number as written.
std::optional<WallTime> numeric_date(std::string_view number);

// A date of this many seconds or more (the year 5138) was certainly meant to be milliseconds.
constexpr seconds kMillisecondsSuspected{100'000'000'000};

// Whether the number is at least kMillisecondsSuspected and fits in 64 bits, so that numeric_date() reads
// it. `number` must be a JSON number as written.
bool looks_like_milliseconds(std::string_view number);

}  // namespace carillon::auth
