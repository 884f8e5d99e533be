// A configuration file of the user's, read, judged and complained of.
#pragma once

#include <optional>
#include <string>

#include "config/load.h"

namespace carillon::app {

// Nothing when it cannot be used: every error is on standard error by then, one a line.
std::optional<config::Loaded> load_config_file(const std::string& path);

// The same for a text that is no file; `source` names it in messages.
std::optional<config::Loaded> load_config_text(const std::string& text, const std::string& source);

}  // namespace carillon::app
