// The verbs and options of the command line as data, for the manual page and the shells' completions.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace carillon::app {

struct OptionHelp {
  std::vector<std::string> names;  // "-c", "--config"; empty: only by position
  std::string position;            // its name as an argument by position; empty: only by name
  std::string value;               // "FILE"; empty: it takes none
  std::string help;
};

struct VerbHelp {
  std::string name;    // "show"
  std::string words;   // "carillon profile show"
  std::string help;    // one sentence
  std::string group;   // its heading: "Serve"
  std::string footer;  // examples and notes
  std::vector<OptionHelp> options;
  std::vector<VerbHelp> verbs;  // below it
};

VerbHelp help_tree(const CLI::App& app);

// The manual page carillon(1), as roff.
std::string man_page(const VerbHelp& root);

// The script that a shell reads to complete words after "carillon".
std::string bash_completion(const VerbHelp& root);
std::string zsh_completion(const VerbHelp& root);
std::string fish_completion(const VerbHelp& root);

}  // namespace carillon::app
