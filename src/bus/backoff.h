#pragma once

#include <cstdint>

#include "base/time.h"
#include "bus/fault.h"

namespace carillon::bus {

// splitmix64: jitter and probe nonces need spread, not secrecy.
class Jitter {
 public:
  explicit Jitter(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  MonoClock::duration between(MonoClock::duration low, MonoClock::duration high);

 private:
  std::uint64_t state_;
};

// The shortest and the longest wait between two connection attempts.
struct BackoffLimits {
  milliseconds min{100};
  milliseconds max{5000};
};

// Backoff: when to dial again. Pure: the caller passes in the time, and the jitter comes from a seed.
//
// The arithmetic. The wait is drawn evenly between a quarter of a ceiling and the ceiling, counted from
// the moment of the last dial (so a dial that already took 5 s to time out is followed at once), and is
// never under a random part of `min` counted from the failure. The ceiling doubles from `min` to `max`,
// but rests at 800 ms until the outage is 4 s old:
//   * a broker that is back after 3 s is dialled within 0.8 s of accepting again (the limit is 1 s);
//   * a broker that is down for 60 s is dialled about 29 times: 3 up to 0.4 s, 7 more up to 4 s, then
//     1.6 s, 3.2 s and 17 at the ceiling of 5 s (mean wait 3.1 s); 37 in the worst of 20,000 seeds
//     (the limit is 40). Jitter down to zero would break that bound in every twelfth outage (36 on
//     average) and spread a crowd no better.
// A connection that was ready for 5 s resets the backoff; one that was ready for half a second leaves the
// ceiling unchanged; a shorter one counts as a failure. `denied` waits between max and twice max.
class Backoff {
 public:
  static constexpr milliseconds kShortCeiling{800};
  static constexpr seconds kShortOutage{4};
  static constexpr seconds kStable{5};
  static constexpr milliseconds kBrief{500};

  Backoff(BackoffLimits limits, std::uint64_t seed) : limits_(limits), jitter_(seed) {}

  void on_dial(MonoTime now) { dialled_ = now; }
  void on_ready(MonoTime now);
  // The connection failed, or never came to be: when to dial next.
  MonoTime on_failure(FaultKind kind, MonoTime now);
  void reset();

  std::uint32_t failures() const { return failures_; }  // since the outage began

 private:
  void weigh(MonoTime now);
  MonoClock::duration ceiling(MonoTime now) const;
  void raise(MonoTime now);

  const BackoffLimits limits_;
  Jitter jitter_;
  MonoTime dialled_{};
  MonoTime ready_since_{};
  MonoTime outage_began_{};
  bool was_ready_ = false;
  bool in_outage_ = false;
  std::uint32_t step_ = 0;
  std::uint32_t failures_ = 0;
};

}  // namespace carillon::bus
