// run_until(): for tests that use a real loop: runs it until something is true, never longer than a limit.
// Thread: the loop's.
#pragma once

#include <functional>

#include "base/time.h"
#include "reactor/loop.h"

namespace carillon::reactor {

// True when `condition` became true in time. It is looked at after every millisecond or so. The limit is for
// a test that would hang; it is far beyond what a sanitizer on a busy machine takes.
inline bool run_until(Loop& loop, const std::function<bool()>& condition,
                      MonoClock::duration limit = std::chrono::seconds(60)) {
  const MonoTime end = mono_now() + limit;
  bool held = condition();
  Loop::TimerId timer = 0;
  std::function<void()> look = [&] {
    held = condition();
    if (held || mono_now() >= end) return loop.stop();
    timer = loop.call_after(std::chrono::milliseconds(1), look);
  };
  if (held) return true;
  timer = loop.call_after(MonoClock::duration::zero(), look);
  loop.run();
  loop.cancel(timer);
  return held;
}

}  // namespace carillon::reactor
