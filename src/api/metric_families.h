// The parts of GET /metrics, each in a file of its own.
//
// Thread: any.
#pragma once

#include "api/metrics.h"
#include "api/metrics_page.h"

namespace carillon::api {

void add_client_metrics(Page& page, const LimitsShown& limits);
void add_bus_metrics(Page& page);
void add_history_metrics(Page& page);
void add_process_metrics(Page& page);

}  // namespace carillon::api
