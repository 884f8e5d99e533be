// An ingest route's work on one request, and the answers around it.
//
// Order of judgement: path → method 405 → drain 503 → key 401, or without a key another site 403 → content
// type 415, from the head alone;
// then the body: too long 413, not what the route asks for 400, the event too long 413; then the bus:
// 503 with Retry-After, or 502 where it refuses. Only an event that the bus has acknowledged earns the
// route's own answer.
//
// Thread: any; what changes is counted with relaxed atomics.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/routes.h"
#include "api/uuid.h"
#include "base/result.h"
#include "base/time.h"
#include "client/http_handler.h"
#include "gateway/gateway.h"

namespace carillon::api {

enum class IngestRefusal : std::uint8_t {
  method,            // 405
  draining,          // 503
  key,               // 401, 429
  cross_site,        // 403: another site's web page fired a route without a key
  content_type,      // 415
  body,              // 400
  reserved_channel,  // 400: the path makes one
  event_too_long,    // 413, the answer too; a body over server.body_bytes_max is counted before it is here
  unavailable,       // 503
  bus_refused,       // 502
  count
};
std::string_view name_of(IngestRefusal reason);  // label of carillon_ingest_refusals_total

struct IngestCounters {
  std::atomic<std::uint64_t> accepted{0};  // acknowledged by the bus
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(IngestRefusal::count)> refused{};
};

struct IngestFault {
  IngestRefusal reason = IngestRefusal::body;
  int status = 400;
  std::string message;
};

struct IngestedEvent {
  std::string channel;
  std::string event;
  std::string answer;  // body of the route's answer
};

struct IngestContext {
  std::size_t event_bytes_max;  // bus.event_bytes_max; the answer may have as many, or 64 KiB
  WallTime now;
  const RandomBytes& random;
};

// What one request becomes. Pure but for `random`. Bodies keep their bytes: an id is inserted on the
// text right behind the opening brace, and nothing else is written anew.
Result<IngestedEvent, IngestFault> ingest(const Route& route, std::span<const std::string_view> parameters,
                                          std::string_view body, const IngestContext& context);

class Ingest {
 public:
  struct Limits {
    std::size_t body_bytes_max;
    std::size_t event_bytes_max;
  };
  // `unrouted` counts events for channels that no endpoint carries.
  Ingest(Routes routes, Limits limits, RandomBytes random, std::atomic<std::uint64_t>& unrouted)
      : routes_(std::move(routes)), limits_(limits), random_(std::move(random)), unrouted_(unrouted) {}

  // `gateway` is looked at only where a route has the path.
  client::HttpHandler::Judgement judge(const http::RequestHead& head, const client::Requester& requester,
                                       gateway::Gateway* gateway);
  std::optional<http::Response> handle(const http::RequestHead& head, std::string_view body,
                                       client::Responder later, gateway::Gateway& gateway, WallTime now);
  const IngestCounters& counters() const { return counters_; }

 private:
  // Counts it, and gives the answer its reason for the log.
  http::Response refused(IngestRefusal reason, http::Response response, std::string detail = {});

  const Routes routes_;
  const Limits limits_;
  const RandomBytes random_;
  std::atomic<std::uint64_t>& unrouted_;
  IngestCounters counters_;
};

}  // namespace carillon::api
