#include "app/command/help_tree.h"

#include <CLI/CLI.hpp>

namespace carillon::app {
namespace {

OptionHelp help_of(const CLI::Option& option) {
  OptionHelp help;
  for (const std::string& name : option.get_snames()) help.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) help.names.push_back("--" + name);
  if (option.get_positional()) help.position = option.get_name(true, false);
  if (option.get_items_expected_max() > 0) help.value = option.get_type_name();
  help.help = option.get_description();
  return help;
}

VerbHelp help_of(const CLI::App& app, const std::string& words) {
  VerbHelp help{app.get_name(), words, app.get_description(), app.get_group(), app.get_footer(), {}, {}};
  for (const CLI::Option* option : app.get_options()) help.options.push_back(help_of(*option));
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    help.verbs.push_back(help_of(*verb, words + " " + verb->get_name()));
  }
  return help;
}

}  // namespace

VerbHelp help_tree(const CLI::App& app) { return help_of(app, app.get_name()); }

}  // namespace carillon::app
