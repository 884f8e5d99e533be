// GET /metrics: the Prometheus text format. Reads every shard's counters as they stand; nothing on the
// way of an event knows of it.
#pragma once

#include <cstdint>

#include "gateway/gateway.h"
#include "http/response.h"
#include "server/ingest.h"

namespace carillon::server {

http::Response metrics_response(gateway::Gateway& gateway, const IngestCounters& ingest,
                                std::uint64_t dropped_log_lines);

}  // namespace carillon::server
