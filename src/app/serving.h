#pragma once

#include <functional>
#include <vector>

#include "app/config_file.h"
#include "app/handover.h"
#include "config/load.h"
#include "config/settings.h"
#include "gateway/gateway.h"

namespace carillon::app {

// Serving: runs a gateway from its configuration until it is stopped. The shared part of `serve` and `dev`.
struct Serving {
  // Listening sockets from the service manager.
  gateway::Inheritance inheritance = {};
  // The running process that this one takes over from; nothing: none. server.control names its socket.
  std::optional<Handover> handover = {};
  // Called once everything listens, on the main loop's thread, before it runs.
  std::function<void(gateway::Gateway&)> on_ready = {};
  // The file that a reload reads; empty: the configuration cannot be reloaded.
  std::string config_file = {};
  // The effect of SIGHUP: a reload, or a drain as by SIGTERM, for a command that belongs to a terminal.
  enum class Hangup { reloads, drains } hangup = Hangup::reloads;
};

// Logs the warnings of `config` before the ready line. Returns the exit code of the process: 0 after a drain,
// 1 when the gateway could not start. A second signal to drain ends the process immediately.
int serve(CheckedConfig config, Serving serving);

}  // namespace carillon::app
