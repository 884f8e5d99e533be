// For a shard that serves WebSockets alone: an API without a route, and a bus that takes nothing.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "client/event_publisher.h"
#include "client/http_handler.h"

namespace carillon::gateway::testing {

class NoHttp final : public client::HttpHandler {
 public:
  Judgement judge(const http::RequestHead&, const client::Requester&) override { return NotMine{}; }
  std::optional<http::Response> handle(const http::RequestHead&, std::string, client::Responder) override {
    return std::nullopt;
  }
};

class NoPublisher final : public client::EventPublisher {
 public:
  bool publish(std::string, std::string, std::function<void(bus::PublishResult)>) override { return false; }
};

}  // namespace carillon::gateway::testing
