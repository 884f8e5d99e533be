#include "app/command/declare.h"

#include <CLI/CLI.hpp>

#include "app/command/config_path.h"

namespace carillon::app {
namespace {

void use_default_path(CLI::App& verb, std::string& file, Config need) {
  verb.parse_complete_callback([&file, need] {
    if (file.empty()) file = default_config_path();
    if (file.empty() && need == Config::needed) throw no_config("--config FILE");
  });
}

}  // namespace

void describe(CLI::App& verb, const char* group, const std::string& example) {
  verb.group(group);
  verb.footer("Example:\n  " + example);
}

void add_config(CLI::App& verb, std::string& file, Config need) {
  verb.add_option("-c,--config,file", file,
                  "The configuration file; default: " + default_config_paths() + ", the first that exists")
      ->type_name("FILE");
  use_default_path(verb, file, need);
}

void add_config_option(CLI::App& verb, std::string& file, Config need) {
  verb.add_option("-c,--config", file,
                  "The configuration file; default: " + default_config_paths() + ", the first that exists")
      ->type_name("FILE");
  use_default_path(verb, file, need);
}

CLI::ParseError no_config(const std::string& alternative) {
  return CLI::ValidationError("there is no " + default_config_paths() + "; write " + alternative +
                              ", or make a file with carillon config init");
}

}  // namespace carillon::app
