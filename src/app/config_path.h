// Where a verb that is told no configuration file looks for one.
#pragma once

#include <string>

namespace carillon::app {

// The first of carillon.toml in the working directory and /etc/carillon/carillon.toml that exists; empty when
// neither does.
std::string default_config_path();

// "carillon.toml or /etc/carillon/carillon.toml", for messages.
std::string default_config_paths();

}  // namespace carillon::app
