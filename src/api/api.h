#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/admin_server.h"
#include "api/channel_history.h"
#include "api/ingest.h"
#include "api/metrics.h"
#include "api/publish.h"
#include "api/reload_status.h"
#include "api/shown_time.h"
#include "base/snapshot.h"
#include "client/http_handler.h"
#include "config/settings.h"
#include "gateway/node.h"

namespace carillon::api {

// Api: answers the HTTP requests that are not upgrades: publish, the histories of channels,
// health, readiness, metrics, ingest routes.
//
// Thread: every shard's thread calls judge() and handle() concurrently, and any may call essential(). After
// the node has started only counters and the settings change; the pointer to the node is set before.
class Api final : public client::HttpHandler {
 public:
  // Fails for routes that do not compile, which load() never accepts. `random` makes the ids of events.
  static Result<std::unique_ptr<Api>> create(const config::Settings& settings, RandomBytes random);

  // Sets the node, which was itself created with this handler. Call it before the node starts.
  void attach(gateway::Node& node, MonoTime started_at);
  // Sets the function from which /metrics reads the number of dropped log lines. Any shard's thread calls it.
  void count_log_lines(std::function<std::uint64_t()> dropped) { dropped_log_lines_ = std::move(dropped); }

  // Uses other keys, limits and routes from the next request on. Fails, and changes nothing, for routes that
  // do not compile, which load() never accepts.
  Result<std::monostate> use(const config::Settings& settings);

  // The response to GET /health, /ready or /metrics; nothing for any other path.
  std::optional<http::Response> essential(std::string_view path, const Moment& now);
  // The result of reloads, which /health and /metrics show.
  ReloadStatus& reloads() { return reloads_; }
  // What the admin side counts, for /metrics.
  AdminCounters& admin_counters() { return admin_counters_; }

  Judgement judge(const http::RequestHead& head, const client::Requester& requester) override;
  std::optional<http::Response> handle(const http::RequestHead& head, std::string body,
                                       const client::Requester& requester, client::Responder later) override;
  bool is_essential(const http::RequestHead& head) const override;

 private:
  Api(const config::Settings& settings, Routes routes, RandomBytes random);
  Judgement judge_publish(const http::RequestHead& head, const client::Requester& requester);

  struct Current {
    config::ApiSettings settings;
    std::size_t body_bytes_max;
    std::size_t event_bytes_max;
    std::vector<std::pair<std::string, WallTime>> certificate_expiries;  // by listen address
    LimitsShown limits;
  };
  static Current current_of(const config::Settings& settings);

  Snapshot<Current> current_;
  ReloadStatus reloads_;
  AdminCounters admin_counters_;
  PublishCounters publish_counters_;
  Ingest ingest_;
  ChannelHistory channel_history_;
  gateway::Node* node_ = nullptr;
  MonoTime started_at_{};
  std::function<std::uint64_t()> dropped_log_lines_ = [] { return std::uint64_t{0}; };
};

}  // namespace carillon::api
