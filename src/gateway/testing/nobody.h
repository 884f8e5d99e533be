// For a node that serves WebSockets alone: an API without a route.
#pragma once

#include <optional>
#include <string>

#include "client/http_handler.h"

namespace carillon::gateway::testing {

class NoHttp final : public client::HttpHandler {
 public:
  Judgement judge(const http::RequestHead&, const client::Requester&) override { return NotMine{}; }
  std::optional<http::Response> handle(const http::RequestHead&, std::string, client::Responder) override {
    return std::nullopt;
  }
};

}  // namespace carillon::gateway::testing
