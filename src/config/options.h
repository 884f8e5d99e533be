// The tables: every option that exists, declared once (options.cc, endpoint_options.cc, protocol_options.cc).
#pragma once

#include <vector>

#include "config/option.h"
#include "config/settings.h"

namespace carillon::config {

std::vector<Option> server_options(ServerSettings& server);        // keys below [server]
std::vector<Option> bus_options(BusSettings& bus);                 // [bus]
std::vector<Option> api_options(ApiSettings& api);                 // [api]
std::vector<Option> admin_options(AdminSettings& admin);           // [admin]
std::vector<Option> log_options(LogSettings& log);                 // [log]
std::vector<Option> key_options(KeySettings& key);                 // [keys.<name>]
std::vector<Option> endpoint_options(EndpointSettings& endpoint);  // [[endpoint]]; "profile" comes first
std::vector<Option> protocol_options(EndpointSettings& endpoint);  // a part of those
std::vector<Option> history_options(HistoryRule& rule);            // [[endpoint.history]]
std::vector<Option> lag_options(EndpointSettings& endpoint);       // a part of those of [[endpoint]]
std::vector<Option> lag_override_options(LagOverride& of);         // [[endpoint.lag.overrides]]
std::vector<Option> stream_options(EndpointSettings& endpoint);    // another part
std::vector<Option> route_options(RouteSettings& route);           // [[route]], [[endpoint.route]]

// All of them, bound to fresh settings: for documentation and tests.
struct Subjects {
  Settings settings;
  KeySettings key;
  EndpointSettings endpoint;
  HistoryRule history;
  LagOverride lag_override;
  RouteSettings route;
};

// A table of the configuration with its options.
struct Section {
  std::string_view table;   // "[server]"
  std::string_view prefix;  // of its keys: "server."
  std::vector<Option> options;
};
std::vector<Section> sections(Subjects& subjects);  // hold references into `subjects`

// The variables of the environment that are read without being named in the file.
struct VariableHelp {
  std::string_view name;
  std::string_view help;
};
inline constexpr std::string_view kJwtSecretVariable = "CARILLON_JWT_SECRET";
inline constexpr std::string_view kApiKeyVariable = "CARILLON_API_KEY";
std::vector<VariableHelp> variables();

}  // namespace carillon::config
