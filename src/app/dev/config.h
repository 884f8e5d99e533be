// What `carillon dev` serves: the built-in profiles and the user's own, or a configuration file.
#pragma once

#include <string>
#include <vector>

#include "app/config_file.h"
#include "app/dev/dev.h"
#include "app/dev/keys.h"

namespace carillon::app {

// DevConfig: reads the configuration of `carillon dev`. Immutable; thread: any. Reading blocks.
class DevConfig {
 public:
  DevConfig(DevArguments arguments, DevKeys keys)
      : arguments_(std::move(arguments)), keys_(std::move(keys)) {}

  // Returns a sentence on what is wrong with the arguments themselves; empty: nothing.
  std::string fault_of_arguments() const;
  CheckedConfig read() const;

  const DevArguments& arguments() const { return arguments_; }
  const DevKeys& keys() const { return keys_; }
  // The files that the user has named.
  std::vector<std::string> files() const;
  // Sentences on what a user would not expect of these settings: built-in profiles that are replaced, keys of
  // dev in place of variables that are not set.
  std::vector<std::string> remarks(const config::Settings& settings) const;
  // Rewords why a gateway with this configuration cannot start: in terms of the options of dev where the user
  // has written no file, and with what to do when the port is taken.
  std::string failure_text(const std::string& message) const;

 private:
  CheckedConfig read_profiles() const;
  config::Environment environment() const;
  std::string remark_on(const config::EndpointSettings& built_in, const config::Settings& settings) const;

  const DevArguments arguments_;
  const DevKeys keys_;
};

}  // namespace carillon::app
