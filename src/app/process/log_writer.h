#pragma once

#include <cstdint>
#include <memory>

#include "base/log.h"
#include "base/result.h"
#include "config/settings.h"

namespace carillon::app {

// LogWriter: writes one line per event to standard error, on a thread of its own: a JSON object, or what
// log.format asks for. Text is for people: it is written to a terminal only, and JSON anywhere else.
//
// Thread: any. Never blocks a loop: the queue is bounded, and when it is full the oldest line is dropped and
// counted. A blocked pipe blocks only the writing thread.
class LogWriter : public Log {
 public:
  static Result<std::unique_ptr<LogWriter>> create(const config::LogSettings& settings);
  // Waits up to one second in total for the queued lines to be written: a pipe that is not read, or a disk
  // that does not respond, must not keep the process from exiting. No other thread may log during this call.
  ~LogWriter() override = default;

  virtual std::uint64_t dropped_lines() const = 0;
  // Sets the lowest level that is written: one of log.level's words.
  virtual void set_level(std::string_view level) = 0;
};

}  // namespace carillon::app
