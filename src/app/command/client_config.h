// The configuration as the verbs of a client use it: to find the gateway's address, its keys and its
// protocols. Only what the verb needs must be right: a variable of the API's keys that is not set here does
// not matter to one that mints a token.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/load.h"

namespace carillon::app {

struct ClientConfig {
  std::string source;  // the file's path, or "carillon dev": for messages
  config::Settings settings;
  std::vector<config::Problem> errors;

  // The errors at these keys or below them, one a line, and those of a file that is no TOML at all; empty:
  // none.
  std::string faults_at(const std::vector<std::string_view>& keys) const;
  // The endpoint with this name; an error names the nearest, or all.
  Result<const config::EndpointSettings*> endpoint(const std::string& name) const;
};

// Reads a file. Blocks.
Result<ClientConfig> read_client_config(const std::string& file);

// What `carillon dev` serves without arguments, with the keys that it keeps. Nothing: it has kept none yet.
std::optional<ClientConfig> dev_client_config();

// `file`, else the first default path that exists, else that of `carillon dev`. Blocks.
Result<ClientConfig> find_client_config(const std::string& file);

}  // namespace carillon::app
