#include "app/command/declare.h"

#include <CLI/CLI.hpp>

#include "app/config_path.h"
#include "config/quantity.h"

namespace carillon::app {
void describe(CLI::App& verb, const char* group, const std::string& example) {
  verb.group(group);
  verb.footer("Example:\n  " + example);
}

void add_config(CLI::App& verb, std::string& file, Config need) {
  verb.add_option("-c,--config,file", file,
                  "The configuration file; default: " + default_config_paths() + ", the first that exists")
      ->type_name("FILE");
  verb.parse_complete_callback([&file, need] {
    if (file.empty()) file = default_config_path();
    if (file.empty() && need == Config::needed) throw no_config("--config FILE");
  });
}

void add_duration(CLI::App& verb, const std::string& name, milliseconds& value, milliseconds least,
                  milliseconds most, const std::string& help) {
  const auto read = [&value, name, least, most](const std::string& text) {
    const auto duration = config::parse_duration(text);
    if (!duration || *duration < least || *duration > most) {
      throw CLI::ValidationError(name, "\"" + text + "\" is not a duration from " +
                                           config::show_duration(least) + " to " +
                                           config::show_duration(most) + "; write one such as \"" +
                                           config::show_duration(value) + "\"");
    }
    value = *duration;
  };
  verb.add_option_function<std::string>(name, read, help)
      ->type_name("DURATION")
      ->default_str(config::show_duration(value));
}

CLI::ParseError no_config(const std::string& alternative) {
  return CLI::ValidationError("there is no " + default_config_paths() + "; write " + alternative +
                              ", or make a file with carillon config init");
}

}  // namespace carillon::app
