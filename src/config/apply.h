// One layer of a configuration (a profile, a table of the file) put over what is there.
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

// Reads every member of `table` into the option of its key, dotted or nested alike, and notes in
// `written` where it stood. What it cannot read, and keys that do not exist, go to the report.
void apply(const Node& table, const std::vector<Option>& options, const Layer& layer, Reading& reading,
           Written& written);

// "unknown key; did you mean "ping"?", or the keys that are known, where none is near.
std::string unknown_key(std::string_view name, const std::vector<std::string>& known);

}  // namespace carillon::config
