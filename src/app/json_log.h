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
  // Waits a moment for the lines that are queued, but not for a pipe that nobody reads.
  ~JsonLog() override = default;

  virtual std::uint64_t dropped_lines() const = 0;
};

}  // namespace carillon::app
