#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/config_file.h"
#include "app/process/handover.h"
#include "app/process/kept_sockets.h"
#include "app/process/reloader.h"
#include "app/process/signal_policy.h"
#include "client/http_handler.h"
#include "gateway/gateway.h"

namespace carillon::app {

// Serving: runs a gateway from its configuration until it is stopped. The shared part of `serve` and `dev`.
struct Serving {
  // Listening sockets from the service manager, or from the gateway before.
  gateway::Inheritance inheritance = {};
  // The running process that this one takes over from; nothing: none. server.control names its socket.
  std::optional<Handover> handover = {};
  // Puts a handler of HTTP requests in front of the Api, which it is given. Called before the gateway is
  // created; what it returns lives as long as this function, which outlives the gateway. Empty: the Api
  // answers.
  std::function<client::HttpHandler&(client::HttpHandler&)> wrap_api = {};
  // Called once everything listens, on the main loop's thread. What it returns is destroyed
  // after the loops have stopped, before the gateway and the reloader. The reloader is null where `read` is
  // empty.
  std::function<std::shared_ptr<void>(gateway::Gateway&, Reloader*)> on_ready = {};
  // Where a reload reads the configuration; empty: it cannot be reloaded.
  ConfigReader read = {};
  ReloadHooks hooks = {};
  // What happens with a change that needs a restart: the reload reports it, or serve_once() ends and returns
  // the configuration, which the command serves next.
  enum class Restarts : std::uint8_t { by_operator, by_itself } restarts = Restarts::by_operator;
  // The effect of SIGHUP: a reload, or a drain as by SIGTERM, for a command that belongs to a terminal.
  SignalPolicy::Hangup hangup = SignalPolicy::Hangup::reloads;
};

// What a process that starts anew serves next.
struct NextStart {
  CheckedConfig config;
  config::Settings running;  // until now, with everything that reloads have changed
  KeptSockets sockets;
  std::uint64_t clients_closed = 0;
};

// How a gateway ended.
struct Served {
  std::string failure;  // why it could not start; empty: it was drained
  std::optional<NextStart> next;
};

// Logs the warnings of `config` before the ready line. A second signal to drain ends the process immediately.
Served serve_once(CheckedConfig config, Serving serving);
// The same for a command that does not start anew. Prints a failure and returns the exit code of the process.
int serve(CheckedConfig config, Serving serving);

}  // namespace carillon::app
