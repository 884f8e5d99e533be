// For tests: the routes of the published protocols, some others, and a fixed source of ids.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"
#include "config/test_environment.h"

namespace carillon::api {

inline const WallTime kNow{milliseconds(1767225600123)};  // 2026-01-01T00:00:00.123Z
inline constexpr std::string_view kUuid = "07070707-0707-4707-8707-070707070707";

inline bool sevens(std::span<std::uint8_t> bytes) {
  std::fill(bytes.begin(), bytes.end(), std::uint8_t{7});
  return true;
}

// The published protocols' routes, as their profiles have them.
inline constexpr std::string_view kStreamRoutes = R"toml(
[[route]]
methods = ["POST"]
path = "/api/streams"
channel = "fluxora.streams"
id = "uuid"
event = '{"event":"stream.created","streamId":$id,"payload":$payload,"timestamp":$time_ms}'
status = 201
answer = '$payload'
[[route]]
methods = ["PATCH", "PUT"]
path = "/api/streams/{id}"
channel = "fluxora.streams"
id = "{id}"
event = '{"event":"stream.updated","streamId":$id,"payload":$payload,"timestamp":$time_ms}'
answer = '$payload'
[[route]]
methods = ["DELETE"]
path = "/api/streams/{id}"
channel = "fluxora.streams"
id = "{id}"
event = '{"event":"stream.cancelled","streamId":$id,"payload":$payload,"timestamp":$time_ms}'
answer = '$payload'
[[route]]
methods = ["POST"]
path = "/api/streams/{id}/cancel"
channel = "fluxora.streams"
id = "{id}"
event = '{"event":"stream.cancelled","streamId":$id,"payload":$payload,"timestamp":$time_ms}'
answer = '$payload'
[[route]]
methods = ["POST"]
path = "/api/v1/webhooks/track-start"
channel = "grimnir.now_playing"
body = "any"
event = '$body'
status = 202
answer = '{"status":"received"}'
)toml";

inline constexpr std::string_view kOwnRoutes = R"toml(
[[route]]
path = "/t/{tenant}/{thing}"
channel = "tenant.{tenant}"
event = '{"tenant":$path_tenant,"thing":$path_thing,"body":$body,"id":$id,"kind":$body/kind,"at":$time_s}'
[[route]]
path = "/keyed"
channel = "keyed"
key = "route-key"
[[route]]
path = "/listed"
channel = "listed"
origins = ["https://app.example"]
[[route]]
path = "/{channel}/raw"
channel = "{channel}"
)toml";

inline config::Settings settings_of(std::string_view tables) {
  auto loaded = config::load_good(
      "server.shards = 1\nserver.listen = [\"127.0.0.1:0\"]\n[[endpoint]]\nprofile = "
      "\"orion\"\n" +
      std::string(tables));
  for (const config::Problem& problem : loaded.errors) ADD_FAILURE() << problem.text();
  return std::move(loaded.settings);
}

}  // namespace carillon::api
