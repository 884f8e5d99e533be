#include "app/command/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

#include "app/command/declare.h"
#include "app/terminal.h"
#include "config/load.h"

namespace carillon::app {
namespace {

constexpr int kUsage = 2;

std::vector<std::string> verbs_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(verb->get_name());
  }
  return names;
}

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

// The verb that the first words name, and where the words after it begin.
struct Place {
  const CLI::App* verb;
  std::size_t next;
};
Place place_of(const CLI::App& app, const std::vector<std::string>& words) {
  Place place{&app, 0};
  while (place.next < words.size()) {
    const auto named = place.verb->get_subcommands(
        [&](const CLI::App* verb) { return verb->get_name() == words[place.next]; });
    if (named.empty()) break;
    place = {named.front(), place.next + 1};
  }
  return place;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// The word where a verb is expected and none has this name; empty: it is something else.
std::string unknown_verb(const Place& place, const std::vector<std::string>& words) {
  const std::vector<std::string> verbs = verbs_of(*place.verb);
  if (verbs.empty() || place.next == words.size() || words[place.next].starts_with('-')) return {};
  const std::string& word = words[place.next];
  const auto near = config::nearest(word, verbs);
  return "unknown command \"" + word + "\"" +
         (near ? "; did you mean " + *near + "?" : "; the commands are " + joined(verbs));
}

std::string unknown_option(const Place& place, const std::vector<std::string>& words) {
  const std::vector<std::string> options = options_of(*place.verb);
  for (std::size_t i = place.next; i < words.size() && words[i] != "--"; ++i) {
    const std::string word = words[i].substr(0, words[i].find('='));
    if (!word.starts_with("--") || std::find(options.begin(), options.end(), word) != options.end()) continue;
    const auto near = config::nearest(word, options);
    return "unknown option " + word + (near ? "; did you mean " + *near + "?" : "");
  }
  return {};
}

int fail_with_usage(const Place& place, const std::vector<std::string>& words, const std::string& what) {
  std::string verb;
  for (std::size_t i = 0; i < place.next; ++i) verb += " " + words[i];
  return fail(what + "\nTry: carillon" + verb + " --help", kUsage);
}

// The headings stand out on a terminal.
int print_help(const Place& place, const std::vector<std::string>& words) {
  std::string above = place.next == 0 ? "" : "carillon";  // the words before the verb's own, for its usage
  for (std::size_t i = 0; i + 1 < place.next; ++i) above += " " + words[i];
  std::istringstream lines(place.verb->help(above));
  for (std::string line; std::getline(lines, line);) {
    const bool is_heading = line.ends_with(':') && !line.starts_with(' ');
    std::printf("%s\n", is_heading ? coloured(stdout, Colour::bold, line).c_str() : line.c_str());
  }
  return 0;
}

int explain(const CLI::App& app, const CLI::ParseError& error, const std::vector<std::string>& words) {
  if (dynamic_cast<const CLI::CallForHelp*>(&error) != nullptr)
    return print_help(place_of(app, words), words);
  if (error.get_exit_code() == 0) return app.exit(error);  // --version
  const Place place = place_of(app, words);
  std::string what = unknown_option(place, words);
  const std::vector<std::string> verbs = verbs_of(*place.verb);
  if (what.empty() && place.next == words.size() && !verbs.empty()) {
    what = "a command is missing; they are " + joined(verbs);
  }
  return fail_with_usage(place, words, what.empty() ? error.what() : what);
}

// "help reload" is "reload --help".
std::vector<std::string> words_of(int argc, char** argv) {
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  if (words.empty() || words.front() != "help") return words;
  words.erase(words.begin());
  words.emplace_back("--help");
  return words;
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app("Carillon: a real-time event gateway from Redis and HTTP to WebSocket clients.", "carillon");
  app.set_version_flag("-V,--version", "carillon " CARILLON_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  Run run;
  declare_serving(app, run);
  declare_token(app, run);
  declare_trying(app, run);
  declare_measuring(app, run);
  declare_operating(app, run);
  declare_looking_up(app, run);
  declare_help(app, run);
  app.footer("Begin with:\n  carillon dev\nDescribe a command:\n  carillon COMMAND --help");
  const std::vector<std::string> words = words_of(argc, argv);
  const Place place = place_of(app, words);
  if (const std::string what = unknown_verb(place, words); !what.empty())
    return fail_with_usage(place, words, what);
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // CLI11 takes them from the end
  } catch (const CLI::ParseError& error) {
    return explain(app, error, words);
  }
  return run();
}

}  // namespace carillon::app
