// Serving: from Settings to a gateway that runs until it is told to stop. What `serve` and `dev` share.
#pragma once

#include <functional>
#include <vector>

#include "config/load.h"
#include "config/settings.h"
#include "gateway/gateway.h"

namespace carillon::app {

struct Serving {
  // What `carillon check` warns of: a line of the log each, before the ready line.
  std::vector<config::Problem> warnings = {};
  // Called once everything listens, on the main loop's thread, before it runs.
  std::function<void(gateway::Gateway&)> on_ready = {};
  // What SIGHUP does: nothing, or for a command that belongs to a terminal what SIGTERM does.
  enum class Hangup { ignored, drains } hangup = Hangup::ignored;
};

// The process's exit code: 0 after a drain, 1 when it could not start. A second signal that drains ends
// the process at once.
int serve(config::Settings settings, const Serving& serving);

}  // namespace carillon::app
