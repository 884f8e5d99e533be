// The verbs that describe this program.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "app/command/declare.h"
#include "app/command/help_tree.h"
#include "app/command/verbs.h"

namespace carillon::app {
namespace {

int print(const std::string& text) {
  const bool is_written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  return is_written && std::fflush(stdout) == 0 ? 0 : 1;
}

void declare_completion(CLI::App& app, Run& run) {
  CLI::App* completion =
      app.add_subcommand("completion", "Print the script that completes words in your shell");
  describe(*completion, "Help", "source <(carillon completion bash)");
  completion->require_subcommand(1);
  const auto shell = [&](const char* name, const char* help, std::string (*script)(const VerbHelp&)) {
    completion->add_subcommand(name, help)->group("Commands")->callback([&app, &run, script] {
      run = [&app, script] { return print(script(help_tree(app))); };
    });
  };
  shell("bash", "For bash, e.g. in /etc/bash_completion.d/carillon", bash_completion);
  shell("zsh", "For zsh: the file _carillon in a folder of $fpath", zsh_completion);
  shell("fish", "For fish: ~/.config/fish/completions/carillon.fish", fish_completion);
}

}  // namespace

void declare_help(CLI::App& app, Run& run) {
  app.add_subcommand("help", "Describe a command: carillon help serve")->group("Help");
  CLI::App* version = app.add_subcommand("version", "Print the version, how it was built, and its libraries");
  version->group("Help");
  version->callback([&run] { run = run_version; });
  declare_completion(app, run);
  CLI::App* man = app.add_subcommand("man", "Print the manual page");
  describe(*man, "Help", "carillon man | man -l -");
  man->callback([&app, &run] { run = [&app] { return print(man_page(help_tree(app))); }; });
}

}  // namespace carillon::app
