#include "bus/status_keeper.h"

#include <utility>

namespace carillon::bus {

StatusKeeper::StatusKeeper(EventSink& sink, Log& log, std::string display_url)
    : sink_(sink), log_(log), display_url_(std::move(display_url)) {}

void StatusKeeper::up(MonoTime now, WallTime wall) {
  if (status_.state == BusState::up) return;
  if (status_.state == BusState::down) {
    log_.info("bus is up again",
              {{"bus", display_url_},
               {"down_ms", std::chrono::duration_cast<milliseconds>(now - down_since_).count()},
               {"failures", failures_}});
  } else {
    log_.info("bus is up", {{"bus", display_url_}});
  }
  status_ = {BusState::up, wall, now, {}};
  sink_.on_status(status_);
}

void StatusKeeper::down(const std::string& detail, MonoTime now, WallTime wall) {
  if (status_.state != BusState::down) {
    down_since_ = last_line_ = now;
    failures_ = 1;
    log_.warning("bus is down", {{"bus", display_url_}, {"reason", detail}});
    status_ = {BusState::down, wall, now, detail};
    sink_.on_status(status_);
    return;
  }
  ++failures_;
  if (now - last_line_ >= kReminder) {
    last_line_ = now;
    log_.warning("bus is still down",
                 {{"bus", display_url_},
                  {"reason", detail},
                  {"down_ms", std::chrono::duration_cast<milliseconds>(now - down_since_).count()},
                  {"failures", failures_}});
  }
  if (status_.detail == detail) return;
  status_.detail = detail;
  sink_.on_status(status_);
}

}  // namespace carillon::bus
