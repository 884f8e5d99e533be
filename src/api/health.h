// GET /health and GET /ready. Health reports what is wrong and since when; readiness shows a load balancer
// whether to send clients here. Both must fail when the bus no longer receives events.
#pragma once

#include "api/reload_status.h"
#include "api/shown_time.h"
#include "gateway/node.h"
#include "http/response.h"

namespace carillon::api {

// Returns 200 "ok", 200 "degraded" while the bus is not up, or 503 "shutting_down" during a drain. The uptime
// does not depend on the wall clock, which may be set at any time. config::check_health_member() must know
// every member of the body; otherwise an endpoint's health.connections could use the same name.
http::Response health_response(const gateway::Node& node, const ReloadStatus::Shown& reloads,
                               MonoTime started_at, const Moment& now);
// Returns 200, or 503 with the reason: the bus is not up, or a drain has begun.
http::Response ready_response(const gateway::Node& node);

}  // namespace carillon::api
