// POST /v1/publish: `{"channel": "orion.content.created", "data": {…}}`, or an array of those.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/acknowledged_publish.h"
#include "base/result.h"
#include "client/http_handler.h"
#include "gateway/gateway.h"

namespace carillon::api {

struct PublishLimits {
  std::size_t batch_max = 1000;               // beyond: 413
  std::size_t event_bytes_max = 1024 * 1024;  // of `data`; beyond: 413
};

enum class PublishRefusal : std::uint8_t {
  method,        // 405
  off,           // 403: there are no api.keys
  key,           // 401
  wrong_keys,    // 429: the address has sent too many
  content_type,  // 415
  body,          // 400
  too_large,     // 413: of one event, or too many events; a body over server.body_bytes_max is counted before
  unavailable,   // 503
  bus_refused,   // 502
  count
};
std::string_view name_of(PublishRefusal reason);  // label of carillon_publish_refusals_total

struct PublishCounters {
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(PublishRefusal::count)> refused{};
  std::atomic<std::uint64_t> unrouted{0};  // events, of ingest routes too
};

struct PublishFault {
  PublishRefusal reason = PublishRefusal::body;
  int status = 400;
  std::string message;
};

// All of it is judged before anything is published.
Result<std::vector<PublishEvent>, PublishFault> read_publish_body(std::string_view body,
                                                                  PublishLimits limits);

// Names in an answer's "unrouted"; of more channels only the first are listed.
inline constexpr std::size_t kUnroutedNamesMax = 100;

// Channels of these events that no endpoint carries, each once, at most kUnroutedNamesMax. Another gateway
// may read them from the same bus, so such events are published all the same. `events_unrouted`: how many.
std::vector<std::string> unrouted_channels(const std::vector<PublishEvent>& events,
                                           const std::function<bool(std::string_view)>& is_carried,
                                           std::size_t& events_unrouted);

// Publishes in order; `later` answers once the bus has acknowledged all: 200 {"published":N} (and "unrouted"
// where there are such channels), else 503 (or 502 where the bus refuses) with how many are certain. An
// answer at once where the bus is not to be had. `counters` outlive the gateway.
std::optional<http::Response> publish(gateway::Gateway& gateway, PublishCounters& counters,
                                      std::vector<PublishEvent> events, client::Responder later);

// Counts it, and gives the answer its reason for the log.
http::Response refused(PublishCounters& counters, PublishRefusal reason, http::Response response,
                       std::string detail = {});

}  // namespace carillon::api
