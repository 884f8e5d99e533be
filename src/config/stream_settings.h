#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "config/key_settings.h"

namespace carillon::config {

// How events are sent to a client. `sse` and `ndjson` are the bodies of responses that do not end.
enum class Transport : std::uint8_t { websocket, sse, ndjson };
std::string_view name_of(Transport transport);  // as in `transports`

// The settings of an endpoint for clients that are not WebSockets.
struct StreamSettings {
  std::vector<Transport> transports{Transport::websocket};  // of the endpoint; at least one, each once
  milliseconds sse_retry{3000};                             // how long EventSource waits before it reconnects
  Switch cors_credentials = Switch::off;                    // Access-Control-Allow-Credentials
  std::string channels;  // "query:NAME": lists a stream's channels; empty: none

  bool has(Transport transport) const;
  // Whether it has a transport other than WebSockets.
  bool has_streams() const;
  // The name of the query's parameter in `channels`.
  std::string_view channels_parameter() const;
};

}  // namespace carillon::config
