// Where a gateway with a configuration can be reached from this machine.
//
// Pure; thread: any.
#pragma once

#include "app/command/tls_trust.h"
#include "app/command/web_url.h"
#include "base/result.h"
#include "config/settings.h"

namespace carillon::app {

struct GatewayAddress {
  WebUrl url;  // with the target "/"
  TlsTrust
      trust;  // the configured certificate, because it names what clients call the gateway, not this address
};

// Returns the first of server.listen that a client can connect to. Fails when there is none: each expects the
// PROXY protocol, or has the port 0.
Result<GatewayAddress> first_address(const config::ServerSettings& server);

}  // namespace carillon::app
