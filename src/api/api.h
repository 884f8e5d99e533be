// Api: what the port answers beside WebSockets: publish, health, readiness, metrics, ingest routes.
//
// Thread: judge() and handle() come from every shard's thread at once; the class holds nothing that
// changes but counters and the gateway's pointer, set before the gateway runs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "api/ingest.h"
#include "api/publish.h"
#include "client/http_handler.h"
#include "config/settings.h"
#include "gateway/gateway.h"

namespace carillon::api {

class Api final : public client::HttpHandler {
 public:
  // Refuses routes that do not compile; load() has passed none of those. `random` makes their ids.
  static Result<std::unique_ptr<Api>> create(const config::Settings& settings, RandomBytes random);

  // The gateway is made with this handler, and then told to it; before run().
  void attach(gateway::Gateway& gateway, MonoTime started_at);
  // Where /metrics reads how many log lines were dropped. Called from any shard's thread.
  void count_log_lines(std::function<std::uint64_t()> dropped) { dropped_log_lines_ = std::move(dropped); }

  Judgement judge(const http::RequestHead& head, const client::Requester& requester) override;
  std::optional<http::Response> handle(const http::RequestHead& head, std::string body,
                                       client::Responder later) override;
  bool is_essential(const http::RequestHead& head) const override;

 private:
  Api(const config::Settings& settings, Routes routes, RandomBytes random);
  Judgement judge_publish(const http::RequestHead& head, const client::Requester& requester);

  const config::ApiSettings settings_;
  const std::size_t body_bytes_max_;
  const std::size_t event_bytes_max_;
  PublishCounters publish_counters_;
  Ingest ingest_;
  gateway::Gateway* gateway_ = nullptr;
  MonoTime started_at_{};
  std::function<std::uint64_t()> dropped_log_lines_ = [] { return std::uint64_t{0}; };
};

}  // namespace carillon::api
