// POST /v1/publish: `{"channel": "orion.content.created", "data": {…}}`, or an array of those.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/acknowledged_publish.h"
#include "base/result.h"
#include "client/http_handler.h"
#include "gateway/node.h"

namespace carillon::api {

// Limits of one publish request.
struct PublishLimits {
  std::size_t batch_max = 1000;               // events of one request; more are answered 413
  std::size_t event_bytes_max = 1024 * 1024;  // length of `data`; more is answered 413
};

// Why a publish request was refused.
enum class PublishRefusal : std::uint8_t {
  method,        // 405
  off,           // 403: there are no api.keys
  key,           // 401
  wrong_keys,    // 429: the address has sent too many wrong keys
  content_type,  // 415
  body,          // 400
  too_large,     // 413: an event is too long, or there are too many; a body over server.body_bytes_max counts
                 // elsewhere
  unavailable,   // 503
  bus_refused,   // 502
  count
};
std::string_view name_of(PublishRefusal reason);  // label of carillon_publish_refusals_total

// Counters of the publish API.
struct PublishCounters {
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(PublishRefusal::count)> refused{};
  // Ingest routes included:
  std::atomic<std::uint64_t> unrouted{0};  // events for channels without an endpoint
  Histogram latency{kTimeBounds};          // of acknowledged requests; written by the bus's loop
};

// A refused publish request: why, and the response to send.
struct PublishFault {
  PublishRefusal reason = PublishRefusal::body;
  int status = 400;
  std::string message;
};

// Parses and checks the whole body, so that nothing is published when any part of it is invalid.
Result<std::vector<PublishEvent>, PublishFault> read_publish_body(std::string_view body,
                                                                  PublishLimits limits);

// Publishes in order. `later` responds once the bus has acknowledged all events: 200 {"published":N}, with
// the channels of events that no client here can receive (undelivered.h); otherwise 503, or 502 when the bus
// refuses, with the number of acknowledged events. Returns a response immediately when the bus is
// unavailable. `counters` must outlive the gateway. `now`: when the request was complete.
std::optional<http::Response> publish(gateway::Node& node, PublishCounters& counters,
                                      std::vector<PublishEvent> events, MonoTime now,
                                      client::Responder later);

// Counts the refusal and puts its reason into the response, for the log.
http::Response refused(PublishCounters& counters, PublishRefusal reason, http::Response response,
                       std::string detail = {});

}  // namespace carillon::api
