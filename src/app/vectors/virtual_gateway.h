// VirtualGateway: the gateway as it is served (Node, Api and a bus in the process), on virtual time and with
// sockets in memory. What clients receive is decided by the same code as in `carillon serve`.
//
// Thread: one.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/api.h"
#include "app/vectors/virtual_loop.h"
#include "app/vectors/virtual_sockets.h"
#include "base/log.h"
#include "config/settings.h"
#include "gateway/node.h"

namespace carillon::app {

// KeptLog: keeps the lines that a gateway logs. Those after kLinesMax are dropped, and has_dropped() says so:
// what was not kept cannot be said to have never been logged.
class KeptLog final : public Log {
 public:
  static constexpr std::size_t kLinesMax = 10'000;
  // A line, with its fields as text.
  struct Line {
    LogLevel level;
    std::string message;
    std::map<std::string, std::string, std::less<>> fields;
    std::string text() const;  // "event dropped channel=chat.x detail=…"
  };
  void write_fields(LogLevel level, std::string_view message, std::span<const LogField> fields) override;
  bool is_written(LogLevel level) const override { return level != LogLevel::debug; }
  const std::vector<Line>& lines() const { return lines_; }
  bool has_dropped() const { return has_dropped_; }

 private:
  std::vector<Line> lines_;
  bool has_dropped_ = false;
};

class VirtualGateway {
 public:
  // Fails with what is wrong with the settings.
  static Result<std::unique_ptr<VirtualGateway>> create(config::Settings settings);
  VirtualGateway(const VirtualGateway&) = delete;
  VirtualGateway& operator=(const VirtualGateway&) = delete;

  // A client connects from this address; returns its socket. Then it only acts by sockets().
  int connect(const std::string& address);
  VirtualSockets& sockets() { return sockets_; }
  // Publishes to the bus. Returns why the bus has not accepted the event; empty: it has.
  std::string publish(const std::string& channel, const std::string& body);
  // Whether any endpoint takes this channel's events.
  bool carries(std::string_view channel) const { return node_->carries(channel); }
  // The shutdown begins. A second call has no effect.
  void begin_drain();

  // Runs until nothing is left to do at this moment.
  void settle();
  // Moves the time to the next moment at which something happens, or to `end`, and settles.
  void step_until(MonoTime end);
  MonoTime now() const { return loop_->now(); }
  WallTime wall_now() const { return loop_->wall_now(); }

  KeptLog& log() { return log_; }
  // How many clients this endpoint has; nothing when there is no such endpoint.
  std::optional<std::uint64_t> connections(std::string_view endpoint) const;

 private:
  explicit VirtualGateway(std::unique_ptr<VirtualLoop> loop) : loop_(loop.get()), made_(std::move(loop)) {}
  gateway::World world();

  VirtualLoop* const loop_;            // the node's
  std::unique_ptr<VirtualLoop> made_;  // until the node takes it
  VirtualSockets sockets_{*loop_};
  KeptLog log_;
  std::unique_ptr<api::Api> api_;
  std::unique_ptr<gateway::Node> node_;
  bool is_draining_ = false;
};

}  // namespace carillon::app
