// The endpoints of a `carillon dev` that runs on this machine, as its page describes them
// (app/dev/page_state.h).
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "app/command/client_config.h"
#include "app/command/web_url.h"
#include "base/result.h"

namespace carillon::app {

// Reads the answer of /dev/state: for each endpoint what a client needs to connect and to select events. A
// token or key of the page is kept as the endpoint's only API key, because the secret that signs tokens is
// not in the page. Fails when the text is not such an answer. Pure; thread: any.
Result<std::vector<config::EndpointSettings>> endpoints_of_dev_state(std::string_view json);

// Asks the dev at this address for its endpoints. Returns nothing when the address is not one of this machine
// over plain HTTP, or when no dev answers there. Blocks for at most two seconds.
std::optional<ClientConfig> running_dev_config(const WebUrl& address);

}  // namespace carillon::app
