// NumericDate (RFC 7519 section 2): a JSON number of seconds since 1970, a fraction allowed.
//
// Thread: any. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace carillon::auth {

// A later date counts as this one (in the year 2262), an earlier one than its negative as that: so
// that neither a leeway nor a turn into nanoseconds overflows on the way to a timer.
constexpr seconds kNumericDateMax{9'223'372'036};

// The first millisecond that is not before the date: for a clock of whole milliseconds, `now >= date`
// and `now >= numeric_date(date)` are the same, whatever the digits. Nothing when the seconds do not
// fit in 64 bits. `number` must be a JSON number as written.
std::optional<WallTime> numeric_date(std::string_view number);

// From this many seconds on (in the year 5138) a date was surely meant to be milliseconds.
constexpr seconds kMillisecondsSuspected{100'000'000'000};

// Whether the number is at least kMillisecondsSuspected and fits in 64 bits, so that numeric_date() reads
// it. `number` must be a JSON number as written.
bool looks_like_milliseconds(std::string_view number);

}  // namespace carillon::auth
