#pragma once

#include <map>
#include <memory>
#include <string>

#include "app/process/reloader.h"
#include "app/process/service_manager.h"
#include "app/process/signals.h"
#include "base/log.h"
#include "gateway/gateway.h"

namespace carillon::app {

// SignalPolicy: what signals, a takeover and a new start do to a gateway that serves: it drains or reloads.
//
// Thread: loop 0's.
class SignalPolicy {
 public:
  // The effect of SIGHUP.
  enum class Hangup : std::uint8_t { reloads, drains };
  // All of it outlives the policy. `reloader`: null where the configuration cannot be reloaded.
  struct Parts {
    gateway::Gateway& gateway;
    Log& log;
    ServiceManager& manager;
    Hangup hangup;
    Reloader* reloader;
  };
  explicit SignalPolicy(Parts parts) : parts_(parts) {}

  // From now on signals are heard. Fails when there is no descriptor left.
  Result<std::monostate> watch();

  bool is_draining() const { return draining_; }
  // Another process serves now.
  void hand_over();
  // This process is going to serve anew with the same listening sockets, so they stay as they are. `times`:
  // of the drain.
  void make_way(const gateway::DrainTimes& times);
  // Whether a signal or a takeover has asked for the end of the process.
  bool is_told_to_stop() const { return told_to_stop_; }

 private:
  void on_signal(int signal);
  void drain_by(int signal);
  void begin_drain(const std::string& cause, gateway::DrainKind kind, const gateway::DrainTimes& times);
  gateway::DrainTimes configured_times() const;
  void ignore(int signal);

  const Parts parts_;
  std::unique_ptr<Signals> signals_;
  bool draining_ = false;
  bool told_to_stop_ = false;
  std::map<int, MonoTime> logged_at_;  // by signal
};

}  // namespace carillon::app
