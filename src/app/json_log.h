// JsonLog: one JSON object a line on standard error, written by a thread of its own.
//
// Thread: any. Never blocks a loop: the queue is bounded, and a line that finds it full pushes the
// oldest one out, which is counted. A blocked pipe blocks the writing thread only.
#pragma once

#include <cstdint>
#include <memory>

#include "base/log.h"
#include "base/result.h"
#include "config/settings.h"

namespace carillon::app {

class JsonLog : public Log {
 public:
  static Result<std::unique_ptr<JsonLog>> create(const config::LogSettings& settings);
  // Waits for the lines that are queued, but no longer than a second in all: a pipe that is not read, or a
  // disk that does not answer, must not keep the process from ending. No other thread may log any more.
  ~JsonLog() override = default;

  virtual std::uint64_t dropped_lines() const = 0;
};

}  // namespace carillon::app
