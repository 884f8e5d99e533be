// GET /metrics: the Prometheus text format. Reads every shard's counters as they stand; nothing on the
// way of an event knows of it.
#pragma once

#include <cstdint>

#include "gateway/gateway.h"
#include "http/response.h"
#include "server/ingest.h"
#include "server/publish.h"

namespace carillon::server {

// What the API itself counts.
struct ApiCounters {
  const PublishCounters& publish;
  const IngestCounters& ingest;
};

http::Response metrics_response(gateway::Gateway& gateway, const ApiCounters& api,
                                std::uint64_t dropped_log_lines);

}  // namespace carillon::server
