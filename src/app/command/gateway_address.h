// Where a gateway can be reached from this machine.
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

// Where `carillon dev` and `carillon serve` listen unless server.listen or --listen says otherwise.
WebUrl default_gateway_url();

}  // namespace carillon::app
