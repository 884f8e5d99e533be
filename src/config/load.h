// Loads a configuration: text in, Settings or all errors out. Pure: the environment and files are read
// through an interface, so that a test needs neither.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "config/settings.h"

namespace carillon::config {

// An error, warning or note about one key of the configuration.
struct Problem {
  Origin origin;
  std::string key;           // "endpoint[0].keepalive.ping"
  std::string message;       // what is wrong, and what to write instead
  std::string text() const;  // "gateway.toml:12: endpoint[0].keepalive.ping: …"
};

// Access to environment variables and files; tests provide their own.
struct Environment {
  std::function<std::optional<std::string>(std::string_view name)> variable;
  std::function<Result<std::string>(std::string_view path)> read_file;
  // Reads a file. Blocks. A pipe, such as a shell's <(command), must be written to its end within
  // `pipe_patience`, so that the start cannot hang; a regular file has no such limit.
  static Environment of_process(milliseconds pipe_patience = seconds(5));

  // The names of all variables; empty where they are not known.
  std::function<std::vector<std::string>()> names = {};
  // The most descriptors that a table of the process may have; 0: not known.
  std::uint64_t descriptors_max = 0;
};

// The result of loading a configuration.
struct Loaded {
  Settings settings;  // meaningful only when `errors` is empty
  // Where the keys of each table were written: "server", "keys.main". An endpoint keeps its own.
  std::vector<std::pair<std::string, Written>> written = {};
  std::vector<Problem> errors;
  std::vector<Problem> warnings;   // what works but may surprise
  std::vector<std::string> notes;  // what an override changes, for `carillon check`
};

// `source` names the text in messages: the file's path as the user gave it.
Loaded load(std::string_view toml_text, std::string_view source, const Environment& environment);

// The profiles embedded in the binary from profiles/*.toml, by name.
struct Profile {
  std::string_view name;
  std::string_view text;
  std::string_view file = {};  // the path of a user's own profile; empty: embedded
};
const std::vector<Profile>& embedded_profiles();

// Returns the candidate that is most similar to a misspelt word, or nothing when none is similar.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);

// `carillon config show`: the settings in use as TOML, each with where it was written. Secrets are not shown.
std::string effective_text(const Loaded& loaded);

// `carillon config explain [KEY]`: every option, its type, default, bounds and help.
// KEY may be whole ("keys.main.secret"), a table ("server"), or an endpoint's without "endpoint.".
// Fails when there is no such key, with the nearest one.
Result<std::string> explain_options(std::string_view key_prefix);

// The text of docs/configuration.md: the same table as a page.
std::string configuration_page();

}  // namespace carillon::config
