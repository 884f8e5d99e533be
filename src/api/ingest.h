// Ingest routes: from one HTTP request to one event, and the responses on the way.
//
// Checks, in this order. From the head alone: path, method (405), drain (503), key (401) or for a route
// without a key another site's page (403), content type (415). From the body: too long (413), not of the
// route's form (400), the event too long (413). Then the bus: unavailable (503 with Retry-After) or refused
// (502). The route's own response is sent only after the bus has acknowledged the event.
//
// Thread: any; counters are relaxed atomics.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/publish.h"
#include "api/routes.h"
#include "api/uuid.h"
#include "base/result.h"
#include "base/snapshot.h"
#include "base/time.h"
#include "client/http_handler.h"
#include "gateway/node.h"

namespace carillon::api {

// Why a request to an ingest route was refused.
enum class IngestRefusal : std::uint8_t {
  method,            // 405
  draining,          // 503
  key,               // 401, 429
  cross_site,        // 403: another site's web page used a route without a key
  content_type,      // 415
  body,              // 400
  reserved_channel,  // 400: the path's parameters form a reserved channel
  event_too_long,    // 413, also for the response; a body over server.body_bytes_max is counted elsewhere
  unavailable,       // 503
  bus_refused,       // 502
  count
};
std::string_view name_of(IngestRefusal reason);  // label of carillon_ingest_refusals_total

// Counters of all ingest routes together.
struct IngestCounters {
  std::atomic<std::uint64_t> accepted{0};  // acknowledged by the bus
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(IngestRefusal::count)> refused{};
};

// A refused request: why, and the response to send.
struct IngestFault {
  IngestRefusal reason = IngestRefusal::body;
  int status = 400;
  std::string message;
};

// The event of an accepted request, and the response to send once the bus has acknowledged it.
struct IngestedEvent {
  std::string channel;
  std::string event;
  std::string answer;  // body of the route's answer
};

// What ingest() needs besides route and request.
struct IngestContext {
  std::size_t event_bytes_max;  // bus.event_bytes_max; the answer may have as many, or 64 KiB
  WallTime now;
  const RandomBytes& random;
};

// Returns the event of one request, or why it is refused. Has no side effect except calling `random`. Bodies
// keep their bytes: an id is inserted as text right after the opening brace, and nothing is re-serialized.
Result<IngestedEvent, IngestFault> ingest(const Route& route, std::span<const std::string_view> parameters,
                                          std::string_view body, const IngestContext& context);

// Ingest: checks and handles requests to the ingest routes.
//
// Thread: any.
class Ingest {
 public:
  struct Limits {
    std::size_t body_bytes_max;
    std::size_t event_bytes_max;
  };
  // `published` counts what concerns every event that arrives over HTTP.
  Ingest(Routes routes, Limits limits, RandomBytes random, PublishCounters& published)
      : current_({std::move(routes), limits}), random_(std::move(random)), published_(published) {}

  // Uses other routes from the next request on. A request whose head has been checked is answered 404 when
  // its route is gone.
  void replace(Routes routes, Limits limits) { current_.replace({std::move(routes), limits}); }

  // Checks the head. `node` is used only when a route has this path.
  client::HttpHandler::Judgement judge(const http::RequestHead& head, const client::Requester& requester,
                                       gateway::Node* node);
  std::optional<http::Response> handle(const http::RequestHead& head, std::string_view body,
                                       const client::Requester& requester, client::Responder later,
                                       gateway::Node& node);
  const IngestCounters& counters() const { return counters_; }

 private:
  // Counts the refusal and puts its reason into the response, for the log.
  http::Response refused(IngestRefusal reason, http::Response response, std::string detail = {});
  http::Response refused(const IngestFault& why);

  struct Current {
    Routes routes;
    Limits limits;
  };
  Snapshot<Current> current_;
  const RandomBytes random_;
  PublishCounters& published_;
  IngestCounters counters_;
};

}  // namespace carillon::api
