// Reads a user's configuration file, checks it, and prints its errors.
#pragma once

#include <optional>
#include <string>

#include "config/load.h"

namespace carillon::app {

// Returns nothing when the file cannot be used; every error has then been printed to standard error, one per
// line.
std::optional<config::Loaded> load_config_file(const std::string& path);

// Does the same for a text that is not a file; `source` is its name in messages.
std::optional<config::Loaded> load_config_text(const std::string& text, const std::string& source);

}  // namespace carillon::app
