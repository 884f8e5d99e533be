// StubHttpHandler: an API without routes, for a node that serves only WebSockets. For tests and benchmarks.
#pragma once

#include <optional>
#include <string>

#include "client/http_handler.h"

namespace carillon::gateway::testing {

class StubHttpHandler final : public client::HttpHandler {
 public:
  Judgement judge(const http::RequestHead&, const client::Requester&) override { return NotMine{}; }
  std::optional<http::Response> handle(const http::RequestHead&, std::string, const client::Requester&,
                                       client::Responder) override {
    return std::nullopt;
  }
};

}  // namespace carillon::gateway::testing
