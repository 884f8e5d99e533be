// The verbs that only look something up: check, profile, config, version.
#include <cstdio>
#include <string>

#include "app/command/verbs.h"
#include "app/config_file.h"
#include "app/terminal.h"
#include "json/writer.h"
#include "protocol/endpoint.h"

namespace carillon::app {
namespace {

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void write_texts(json::ArrayWriter writer, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) writer.element(text);
}

void write_problem(json::ArrayWriter& writer, const config::Problem& problem) {
  json::ObjectWriter object = writer.object();
  object.member("file", problem.origin.source).member("line", problem.origin.line).member("key", problem.key);
  object.member("message", problem.message).member("text", problem.text());
}

// What load() found has its place in members of its own, and what the other parts of Carillon refuse in its
// text.
void write_errors(json::ArrayWriter writer, const CheckedConfig& checked) {
  if (checked.loaded.errors.empty()) {
    for (const std::string& error : checked.errors) writer.object().member("text", error);
  }
  for (const config::Problem& error : checked.loaded.errors) write_problem(writer, error);
}

int print_check_as_json(const CheckedConfig& checked) {
  std::string text;
  json::ObjectWriter writer(text);
  writer.member("ok", checked.errors.empty());
  write_errors(writer.array("errors"), checked);
  {
    json::ArrayWriter warnings = writer.array("warnings");
    for (const config::Problem& warning : checked.loaded.warnings) write_problem(warnings, warning);
  }
  write_texts(writer.array("notes"), checked.loaded.notes);
  writer.close();
  print(text + "\n");
  return checked.errors.empty() ? 0 : 2;
}

}  // namespace

int run_check(const CheckArguments& arguments) {
  if (arguments.json) return print_check_as_json(check_config_file(arguments.config_file));
  const auto config = load_config_file(arguments.config_file);
  if (!config) return 2;
  const config::Loaded& loaded = config->loaded;
  for (const config::Problem& warning : loaded.warnings)
    print(coloured(stdout, Colour::yellow, "warning: ") + warning.text() + "\n");
  for (const std::string& note : loaded.notes) print("note: " + note + "\n");
  print(arguments.config_file + ": " + coloured(stdout, Colour::green, "ok") + ", " +
        std::to_string(loaded.settings.endpoints.size()) + " endpoint" +
        (loaded.settings.endpoints.size() == 1 ? "" : "s") + "\n");
  return 0;
}

int run_profile_list() {
  for (const config::Profile& profile : config::embedded_profiles()) {
    // The first line of each file describes it: "# orion: every event of …".
    const std::string_view first = profile.text.substr(0, profile.text.find('\n'));
    print(std::string(first.substr(first.starts_with("# ") ? 2 : 0)) + "\n");
  }
  return 0;
}

int run_profile_show(const std::string& name) {
  std::vector<std::string> names;
  for (const config::Profile& profile : config::embedded_profiles()) {
    if (profile.name == name) {
      print(std::string(profile.text));
      return 0;
    }
    names.emplace_back(profile.name);
  }
  const auto near = config::nearest(name, names);
  return fail("no profile \"" + name + "\"" + (near ? "; did you mean " + *near + "?" : "") +
                  "\nTry: carillon profile list",
              2);
}

int run_config_show(const std::string& config_file) {
  const auto config = load_config_file(config_file);
  if (!config) return 2;
  print(config::effective_text(config->loaded));
  return 0;
}

int run_config_explain(const std::string& key_prefix) {
  const auto text = config::explain_options(key_prefix);
  if (!text) return fail(text.error().message + "\nTry: carillon config explain", 2);
  print(*text);
  return 0;
}

}  // namespace carillon::app
