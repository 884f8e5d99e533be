// GET /metrics, in the Prometheus text format. Reads every shard's counters without synchronization; the path
// of an event does not depend on it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "api/admin_server.h"
#include "api/channel_history.h"
#include "api/ingest.h"
#include "api/publish.h"
#include "api/reload_status.h"
#include "gateway/node.h"
#include "http/response.h"

namespace carillon::api {

// Limits of the settings in use, which are shown next to what they limit.
struct LimitsShown {
  std::uint64_t connections_max = 0;
  std::vector<std::pair<std::string, std::uint64_t>> endpoints;  // limits.connections by name, unless "off"
};
LimitsShown limits_shown(const config::Settings& settings);

// The counters of the API itself.
struct ApiCounters {
  const PublishCounters& publish;
  const IngestCounters& ingest;
  const ChannelHistoryCounters& channel_history;
  ReloadStatus::Shown reloads;
  const AdminCounters& admin;
  const std::vector<std::pair<std::string, WallTime>>& certificate_expiries;  // by listen address
  const LimitsShown& limits;
};

http::Response metrics_response(gateway::Node& node, const ApiCounters& api, std::uint64_t dropped_log_lines);

}  // namespace carillon::api
