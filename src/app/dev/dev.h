#pragma once

#include <optional>
#include <string>
#include <vector>

namespace carillon::app {

// Arguments of `carillon dev`.
struct DevArguments {
  std::vector<std::string> profiles;     // files of profiles, served in addition to the built-in ones
  std::string config_file;               // served instead of them; empty: none
  std::optional<std::string> bus;        // nothing: memory:
  std::vector<std::string> listen;       // empty: 127.0.0.1:8000 and [::1]:8000
  std::optional<std::string> log_level;  // nothing: warning
  std::optional<bool> watch;             // nothing: whether there are files to watch
  std::optional<bool> samples;           // nothing: whether the bus is memory:
};

// Returns the exit code of the process, as every verb does (command/verbs.h).
int run_dev(const DevArguments& arguments);

}  // namespace carillon::app
