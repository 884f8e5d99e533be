// POST /v1/publish: `{"channel": "orion.content.created", "data": {…}}`, or an array of those.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gateway/gateway.h"
#include "gateway/http_handler.h"
#include "server/acknowledged_publish.h"

namespace carillon::server {

struct PublishLimits {
  std::size_t batch_max = 1000;               // beyond: 413
  std::size_t event_bytes_max = 1024 * 1024;  // of `data`; beyond: 413
};

struct PublishFault {
  int status = 400;
  std::string message;
};

// All of it is judged before anything is published.
Result<std::vector<PublishEvent>, PublishFault> read_publish_body(std::string_view body,
                                                                  PublishLimits limits);

// Publishes in order; `later` answers once the bus has acknowledged all: 200 {"published":N}, else 503
// (or 502 where the bus refuses) with how many are certain. An answer at once where the bus is not to
// be had.
std::optional<http::Response> publish(gateway::Gateway& gateway, std::vector<PublishEvent> events,
                                      gateway::Responder later);

}  // namespace carillon::server
