// Finds the client's address: the peer's, or the one that a trusted proxy names in a header of the request.
#pragma once

#include "base/ip_address.h"
#include "client/counters.h"
#include "client/transient_state.h"
#include "config/settings.h"

namespace carillon::client {

bool is_trusted_proxy(const IpAddress& address, const config::ServerSettings& server);

// Sets exchange.client for the request whose head has been read. The header is only used if the peer is a
// trusted proxy, because any other peer may write anything into it.
void find_client(HttpExchange& exchange, const config::ServerSettings& server, ShardCounters& counters);

}  // namespace carillon::client
