#pragma once

#include <functional>
#include <vector>

#include "config/load.h"
#include "config/settings.h"
#include "gateway/gateway.h"

namespace carillon::app {

// Serving: runs a gateway from its Settings until it is stopped. The shared part of `serve` and `dev`.
struct Serving {
  // The warnings of `carillon check`, each logged before the ready line.
  std::vector<config::Problem> warnings = {};
  // Called once everything listens, on the main loop's thread, before it runs.
  std::function<void(gateway::Gateway&)> on_ready = {};
  // The effect of SIGHUP: none, or a drain as by SIGTERM, for a command that belongs to a terminal.
  enum class Hangup { ignored, drains } hangup = Hangup::ignored;
};

// Returns the exit code of the process: 0 after a drain, 1 when the gateway could not start. A second signal
// to drain ends the process immediately.
int serve(config::Settings settings, const Serving& serving);

}  // namespace carillon::app
