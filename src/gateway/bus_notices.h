// What the clients of one shard are told of the bus.
#pragma once

#include "fanout/fan_out.h"
#include "gateway/router.h"
#include "protocol/endpoint_table.h"
#include "reactor/loop.h"

namespace carillon::gateway {

// Renders the frames for the news of `batch` (frames.gap, frames.degraded, frames.restored), once for each
// endpoint, and gives them to the engine. Call before an event of the batch is appended.
//
// Thread: the shard's.
void announce(const Batch& batch, const protocol::EndpointTable& endpoints, const reactor::Loop& loop,
              fanout::FanOut& fan_out);

}  // namespace carillon::gateway
