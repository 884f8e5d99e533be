#pragma once

#include <string>

#include "bus/bus.h"

namespace carillon::bus {

// StatusKeeper: reports the bus's state to the sink when it changes, and to the log without repetition:
// every change of state, and once a minute that it is still down.
//
// Thread: the loop's. No detail holds a secret (fault.h).
class StatusKeeper {
 public:
  static constexpr seconds kReminder{60};

  StatusKeeper(EventSink& sink, Log& log, std::string display_url);

  void up(MonoTime now, WallTime wall);
  void down(const std::string& detail, MonoTime now, WallTime wall);
  void begin(MonoTime now, WallTime wall) { status_ = {BusState::connecting, wall, now, {}}; }

  const BusStatus& status() const { return status_; }
  const std::string& display_url() const { return display_url_; }

 private:
  EventSink& sink_;
  Log& log_;
  const std::string display_url_;
  BusStatus status_;
  MonoTime down_since_{};
  MonoTime last_line_{};
  std::int64_t failures_ = 0;
};

}  // namespace carillon::bus
