// Reads a user's configuration file and checks it as far as that is possible without a running gateway.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/load.h"

namespace carillon::app {

// A configuration with everything that is wrong with it.
struct CheckedConfig {
  config::Loaded loaded;              // its `errors` are in `errors` as well
  std::vector<std::string> errors;    // one line each, with file, line, key, and what to write instead
  std::string text;                   // of the configuration itself
  std::vector<std::string> files;     // the certificates, keys and secrets that it names
  std::vector<std::string> profiles;  // the files of profiles that it names
};

// Where the configuration of a process is read again from. Both functions block and print nothing; thread:
// any.
struct ConfigReader {
  std::function<CheckedConfig()> anew;                           // the configuration, and all files it names
  std::function<CheckedConfig(const std::string& text)> as_was;  // the same text, with all files it names
  static ConfigReader of_file(const std::string& path);
};

// Does not print anything. Blocks.
CheckedConfig check_config_file(const std::string& path,
                                config::Environment environment = config::Environment::of_process());
// Does the same for a text that is not a file; `source` is its name in messages.
CheckedConfig check_config_text(const std::string& text, const std::string& source,
                                config::Environment environment = config::Environment::of_process());

// What the layers above config/ refuse: keys, routes, certificates, the bus's URL. `serve` starts with any
// settings for which this is empty, and a reload applies them.
std::vector<std::string> problems_of(const config::Settings& settings);

// Every built-in profile that receives events, by name; one that does not is for tests.
std::vector<std::string> built_in_profiles();

// Returns nothing when the file cannot be used; every error has then been printed to standard error, one per
// line.
std::optional<CheckedConfig> load_config_file(const std::string& path);

}  // namespace carillon::app
