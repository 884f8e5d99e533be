// Checks that involve more than one setting, made after everything has been read.
//
// Each reports with the origin of the line that its author can change: the file's, where the other
// half is a profile's.
#pragma once

#include <string>

#include "config/option.h"
#include "config/settings.h"

namespace carillon::config {

// `prefix` names the table in messages: "keys.main", "endpoint[0]".
void check_key(KeySettings& key, const Written& written, const std::string& prefix, Report& report);
void check_server(const ServerSettings& server, const Written& written, const Origin& file, Report& report);
void check_proxies(const ServerSettings& server, const Written& written, const Origin& file, Report& report);
void check_bus(const BusSettings& bus, const Written& written, const Origin& file, Report& report);
void check_endpoint(const EndpointSettings& endpoint, const Settings& settings, const std::string& prefix,
                    Report& report);
// The part of check_endpoint() for its protocol (check_protocol.cc).
void check_protocol(const EndpointSettings& endpoint, const std::string& prefix, Report& report);
// Warns of settings that another one switches off.
void check_idle(const EndpointSettings& endpoint, const std::string& prefix, Report& report);
// Settings of the server and of endpoints that bound the same thing (bounds.h); resolves token_bytes_max.
// `server` has the keys written in [server]. After everything has been read.
void check_bounds(Settings& settings, const Written& server, const Origin& file, Report& report);
// Names and paths: each once. Endpoints stand in the order of the file.
void check_endpoints_differ(const std::vector<EndpointSettings>& endpoints, Report& report);
// Every route, alone and against all that answers on the port. After the endpoints.
void check_routes(const Settings& settings, Report& report);

}  // namespace carillon::config
