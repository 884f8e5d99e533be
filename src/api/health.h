// GET /health and GET /ready. Health says what is wrong and since when; readiness says whether a load
// balancer should send clients here. Neither may be green on a deaf bus.
#pragma once

#include "api/shown_time.h"
#include "gateway/gateway.h"
#include "http/response.h"

namespace carillon::api {

// Every member of it must be known to config::check_health_member(), or an endpoint could shadow it.
// 200 "ok"; 200 "degraded" while the bus is not up; 503 "shutting_down" during the drain.
// How long the process has run does not depend on the wall clock, which may be set meanwhile.
http::Response health_response(const gateway::Gateway& gateway, MonoTime started_at, const Moment& now);
// 200, or 503 with the reason: the bus is not up, or the drain has begun.
http::Response ready_response(const gateway::Gateway& gateway);

}  // namespace carillon::api
