// Applies one layer of a configuration (a profile, a table of the file) to the settings so far.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/option.h"

namespace carillon::config {

// The name and key prefix of a configuration layer, for messages.
struct Layer {
  std::string_view source;  // where its lines are: "gateway.toml", "profile orion"
  std::string prefix;       // of its keys in messages: "server.", "endpoint[0]."
};

// Reads every member of `table` into the option with its key, dotted or nested, and records in `written`
// where it was written. Values that it cannot read and unknown keys are reported.
void apply(const Node& table, const std::vector<Option>& options, const Layer& layer, Reading& reading,
           Written& written);

// Returns "unknown key; did you mean "ping"?", or lists the known keys when none is similar.
std::string unknown_key(std::string_view name, const std::vector<std::string>& known);

}  // namespace carillon::config
