// The wall-clock time to show for a moment in the past. Pure functions.
#pragma once

#include "base/time.h"

namespace carillon::api {

// A moment in time, read from both clocks at once.
struct Moment {
  WallTime wall;
  MonoTime mono;
};

// Returns the wall-clock time of `then`. The recorded wall time is used unless the clock has since been set
// by more than a second (a machine that starts without the date begins in 1970); then the result is computed
// from the elapsed monotonic time.
WallTime shown_time(const Moment& then, const Moment& now);

}  // namespace carillon::api
