// Declares the verbs to the command line's parser: their options, defaults and help. Each verb's arguments
// are made with its declaration and live as long as the parser.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/time.h"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace carillon::app {

// What the verb that was parsed does; it returns the exit code of the process (verbs.h).
using Run = std::function<int()>;

void declare_serving(CLI::App& app, Run& run);    // serve, dev, check
void declare_operating(CLI::App& app, Run& run);  // reload, takeover, healthcheck, doctor
void declare_token(CLI::App& app, Run& run);      // token, token verify
void declare_trying(CLI::App& app, Run& run);     // publish, listen
void declare_measuring(CLI::App& app, Run& run);
void declare_looking_up(CLI::App& app, Run& run);  // profile, config
void declare_help(CLI::App& app, Run& run);        // version, completion, man

// Sets the verb's heading in `carillon --help`, and a line to copy.
void describe(CLI::App& verb, const char* group, const std::string& example);

// Whether a verb can do without a configuration file.
enum class Config : std::uint8_t { needed, optional };

// Adds the configuration file, by position or as --config. Where neither is given, `file` becomes the first
// of the default paths that exists (default_config_path()); where none does, it stays empty or is an error.
void add_config(CLI::App& verb, std::string& file, Config need);
// Adds a duration, written as in a configuration: "90s". Anything else, and one out of bounds, is an error
// that shows what to write.
void add_duration(CLI::App& verb, const std::string& name, milliseconds& value, milliseconds least,
                  milliseconds most, const std::string& help);
// The error of a verb that found no configuration; `alternative`: what else may be written on its line.
CLI::ParseError no_config(const std::string& alternative);

}  // namespace carillon::app
