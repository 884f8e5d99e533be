// ServiceManager: reports the state of this process to systemd, or to whatever has set NOTIFY_SOCKET: one
// datagram for each report (sd_notify(3)). Without NOTIFY_SOCKET it does nothing.
//
// Thread: loop 0's, and before it runs. Never blocks; a report that cannot be sent is lost.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "gateway/node.h"

namespace carillon::app {

class ServiceManager {
 public:
  using Variable = std::function<std::optional<std::string>(std::string_view name)>;

  // Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. `own_pid`: WATCHDOG_PID may name another process.
  ServiceManager(const Variable& variable, std::int64_t own_pid);

  // Everything listens. MAINPID makes this process the service's, also when another one started it.
  void report_ready();
  // A reload has begun, and has ended. Nothing is sent before report_ready() and after report_stopping().
  void report_reloading(MonoTime now);
  void report_reloaded();
  void report_stopping();
  void report_alive();

  // How often the service manager expects report_alive(); nothing: never.
  std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }
  // After a takeover the service manager expects from this process what it requested from the one before.
  void keep_watchdog(std::optional<std::chrono::microseconds> interval) {
    if (is_there() && !watchdog_) watchdog_ = interval;
  }
  bool is_there() const { return !socket_.empty(); }

 private:
  void send(std::string_view state) const;

  const std::int64_t own_pid_;
  bool is_ready_ = false;
  std::string socket_;
  std::optional<std::chrono::microseconds> watchdog_;
};

// Watchdog: reports that the process is alive as long as every shard's loop takes turns, twice in each
// interval that the service manager expects. A shard that hangs ends the reports, and the service manager
// restarts the process.
//
// Thread: loop 0's.
class Watchdog {
 public:
  // Both outlive it. Does nothing when the service manager expects no reports.
  Watchdog(gateway::Node& node, ServiceManager& manager);
  void start();

 private:
  void ask_every_shard();
  void look();

  gateway::Node& node_;
  ServiceManager& manager_;
  std::shared_ptr<std::atomic<std::size_t>> missing_;  // shards that have not answered yet
};

}  // namespace carillon::app
