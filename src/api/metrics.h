// GET /metrics: the Prometheus text format. Reads every shard's counters as they stand; nothing on the
// way of an event knows of it.
#pragma once

#include <cstdint>

#include "api/ingest.h"
#include "api/publish.h"
#include "gateway/gateway.h"
#include "http/response.h"

namespace carillon::api {

// What the API itself counts.
struct ApiCounters {
  const PublishCounters& publish;
  const IngestCounters& ingest;
};

http::Response metrics_response(gateway::Gateway& gateway, const ApiCounters& api,
                                std::uint64_t dropped_log_lines);

}  // namespace carillon::api
