// The two kinds of time have different types, so that a step of the wall clock can never fire a timer.
//
// Only the edges read a clock, with mono_now() and wall_now(), once per loop turn; everything else gets the
// time as an argument.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace carillon {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A clock with no now(): its time points come from mono_now() at the edges, or from a test.
struct MonoClock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::duration<rep, period>;
  using time_point = std::chrono::time_point<MonoClock>;
  static constexpr bool is_steady = true;
};

using MonoTime = MonoClock::time_point;                             // for timers, ages, rates
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;  // for `exp` and time stamps

MonoTime mono_now();
WallTime wall_now();

// Milliseconds in 32 bits that wrap after 49 days, for ages and deadlines of a million objects. Only
// differences between two of them have a meaning.
inline std::uint32_t wrapping_ms(MonoTime time) {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count());
}

// Units of 1,024 ns in 32 bits that wrap after 73 minutes, for latencies. A shift costs less than the
// division by which microseconds are made.
inline std::uint32_t wrapping_tick(MonoTime time) {
  return static_cast<std::uint32_t>(time.time_since_epoch().count() >> 10);
}
// The time between two of them.
inline MonoClock::duration between_ticks(std::uint32_t earlier, std::uint32_t later) {
  return MonoClock::duration(std::int64_t{later - earlier} << 10);
}

// RFC 3339 in UTC: "2026-01-01T00:00:00Z" and "2026-01-01T00:00:00.000Z".
std::string rfc3339_seconds(WallTime time);
std::string rfc3339_milliseconds(WallTime time);

}  // namespace carillon
