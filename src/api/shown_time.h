// The wall-clock time to show for a moment in the past. Pure.
#pragma once

#include "base/time.h"

namespace carillon::api {

// A moment, read from both clocks at once.
struct Moment {
  WallTime wall;
  MonoTime mono;
};

// When `then` was, by the wall clock of `now`. The wall time noted then is right as long as the clock was not
// set since by more than a second (a machine that starts without the date begins in 1970); after that it
// follows from how long ago it was.
WallTime shown_time(const Moment& then, const Moment& now);

}  // namespace carillon::api
