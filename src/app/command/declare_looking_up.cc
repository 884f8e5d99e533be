// The verbs that look something up in a configuration, a profile or this program.
#include <CLI/CLI.hpp>
#include <memory>

#include "app/command/declare.h"
#include "app/command/verbs.h"

namespace carillon::app {
namespace {

void declare_profile_test(CLI::App& profile, Run& run) {
  CLI::App* test = profile.add_subcommand("test", "Run a profile against vectors: what clients send and get");
  test->footer("Example:\n  carillon profile test chat.toml");
  auto arguments = std::make_shared<ProfileTestArguments>();
  test->add_option("profile", arguments->profile, "File of the profile, or the name of a built-in one")
      ->required();
  test->add_option("vectors", arguments->vectors,
                   "Files of vectors; default: the profile's path with .vectors.json in place of .toml");
  test->add_flag("--json", arguments->json, "Print the results as a JSON object");
  test->callback([&run, arguments] { run = [arguments] { return run_profile_test(*arguments); }; });
}

void declare_profile(CLI::App& app, Run& run) {
  CLI::App* profile = app.add_subcommand("profile", "List or print the built-in profiles, or test a profile");
  describe(*profile, "Look up", "carillon profile list");
  profile->require_subcommand(1);
  profile->add_subcommand("list", "List the built-in profiles")->callback([&run] { run = run_profile_list; });
  CLI::App* show = profile->add_subcommand("show", "Print a profile's file, whose values can be overridden");
  auto name = std::make_shared<std::string>();
  show->add_option("name", *name, "The profile's name")->required();
  show->callback([&run, name] { run = [name] { return run_profile_show(*name); }; });
  declare_profile_test(*profile, run);
}

void declare_config(CLI::App& app, Run& run) {
  CLI::App* config = app.add_subcommand("config", "Begin, show or explain a configuration");
  describe(*config, "Look up", "carillon config explain endpoint.keepalive");
  config->require_subcommand(1);
  CLI::App* init = config->add_subcommand("init", "Write a configuration to begin with, and its secrets");
  init->footer("Example:\n  carillon config init gateway.toml --profile mine.toml");
  auto beginning = std::make_shared<ConfigInitArguments>();
  init->add_option("file", beginning->config_file, "The file to make")->capture_default_str();
  init->add_option("--profile", beginning->profiles,
                   "Serve this profile, a name or a path; may be given several times; default: the built-in "
                   "ones whose clients need a token");
  init->callback([&run, beginning] { run = [beginning] { return run_config_init(*beginning); }; });

  CLI::App* show =
      config->add_subcommand("show", "Print the settings in use, each with where it was written");
  auto file = std::make_shared<std::string>();
  add_config(*show, *file, Config::needed);
  show->callback([&run, file] { run = [file] { return run_config_show(*file); }; });

  CLI::App* explain = config->add_subcommand("explain", "Describe every option, or those below a key");
  auto key = std::make_shared<std::string>();
  explain->add_option("key", *key, "e.g. endpoint.keepalive");
  explain->callback([&run, key] { run = [key] { return run_config_explain(*key); }; });
}

void head_the_verbs_below(CLI::App& verb) {
  for (CLI::App* below : verb.get_subcommands([](const CLI::App*) { return true; })) below->group("Commands");
}

}  // namespace

void declare_looking_up(CLI::App& app, Run& run) {
  declare_config(app, run);
  declare_profile(app, run);
  for (const char* name : {"config", "profile"}) head_the_verbs_below(*app.get_subcommand(name));
}

}  // namespace carillon::app
