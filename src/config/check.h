// Checks that involve more than one setting, after everything has been read.
//
// Each problem is reported at the line that the author can change: the file's line when the other setting is
// in a profile.
#pragma once

#include <string>

#include "config/option.h"
#include "config/settings.h"

namespace carillon::config {

// `prefix` names the table in messages: "keys.main", "endpoint[0]".
void check_key(KeySettings& key, const Written& written, const std::string& prefix, Report& report);
// Checks that the key sets that several keys share have the same settings, and how many there are.
void check_key_sets(const std::vector<KeySettings>& keys, Report& report);
void check_server(const ServerSettings& server, const Written& written, const Origin& file, Report& report);
void check_proxies(const ServerSettings& server, const Written& written, const Origin& file, Report& report);
void check_admin(const Settings& settings, const Origin& file, Report& report);
void check_bus(const BusSettings& bus, const Written& written, const Origin& file, Report& report);
void check_endpoint(const EndpointSettings& endpoint, const Settings& settings, const std::string& prefix,
                    Report& report);
// The part of check_endpoint() for its protocol (check_protocol.cc).
void check_protocol(const EndpointSettings& endpoint, const std::string& prefix, Report& report);
// The same for its history, and for what depends on it (check_history.cc).
void check_history(const EndpointSettings& endpoint, const std::string& prefix, Report& report);
// The part for clients that are not WebSockets (check_streams.cc).
void check_streams(const EndpointSettings& endpoint, const std::string& prefix, Report& report);
// Warns about settings that another one disables.
void check_idle(const EndpointSettings& endpoint, const std::string& prefix, Report& report);
// Checks settings that limit the same thing (bounds.h), and resolves token_bytes_max. `server` has the keys
// written in [server]. Call it after everything has been read.
void check_bounds(Settings& settings, const Written& server, const Origin& file, Report& report);
// Checks that each name and path is used once. Endpoints are in the order of the file.
void check_endpoints_differ(const std::vector<EndpointSettings>& endpoints, Report& report);
// Checks every route, alone and against everything else served on the port. Call it after the endpoints.
void check_routes(const Settings& settings, Report& report);

}  // namespace carillon::config
