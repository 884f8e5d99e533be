// Each script is a table of what may follow the words of a command: its verbs and its options. Values are
// completed as the names of files.
#include <algorithm>

#include "app/command/help_tree.h"

namespace carillon::app {
namespace {

// The verb and all verbs below it.
void collect(const VerbHelp& verb, std::vector<const VerbHelp*>& all) {
  all.push_back(&verb);
  for (const VerbHelp& below : verb.verbs) collect(below, all);
}
std::vector<const VerbHelp*> all_verbs(const VerbHelp& root) {
  std::vector<const VerbHelp*> all;
  collect(root, all);
  return all;
}

std::string next_words(const VerbHelp& verb) {
  std::string words;
  for (const VerbHelp& below : verb.verbs) words += below.name + " ";
  for (const OptionHelp& option : verb.options) {
    for (const std::string& name : option.names) words += name + " ";
  }
  if (!words.empty()) words.pop_back();
  return words;
}

// In single quotes of a shell.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return out + "'";
}

// A description between the brackets of zsh's _describe, where a colon ends the name.
std::string after_colon(const std::string& name, const std::string& help) {
  std::string text = name;
  for (std::size_t i = 0; (i = text.find(':', i)) != std::string::npos; i += 2) text.insert(i, "\\");
  return quoted(text + ":" + help);
}

std::string until_semicolon(const std::string& help) { return help.substr(0, help.find(';')); }

// In a loop over each `word` so far, for bash and zsh: `command` becomes the verb that they name. Ends with
// the beginning of a case for each command.
std::string lines_that_find_the_command(const VerbHelp& root) {
  std::string lines = "    case \"$command $word\" in\n";
  for (const VerbHelp* verb : all_verbs(root)) {
    if (verb != &root) lines += "      " + quoted(verb->words) + ") command=" + quoted(verb->words) + " ;;\n";
  }
  return lines + "    esac\n  done\n  case \"$command\" in\n";
}

}  // namespace

std::string bash_completion(const VerbHelp& root) {
  std::string script = R"(# bash completion of carillon
_carillon() {
  local command=carillon word next
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
)";
  script += lines_that_find_the_command(root);
  for (const VerbHelp* verb : all_verbs(root)) {
    script += "    " + quoted(verb->words) + ") next=" + quoted(next_words(*verb)) + " ;;\n";
  }
  return script + R"(  esac
  mapfile -t COMPREPLY < <(compgen -W "$next" -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _carillon carillon
)";
}

std::string zsh_completion(const VerbHelp& root) {
  std::string script = R"(#compdef carillon
_carillon() {
  local command=carillon word
  local -a next
  for word in "${(@)words[2,CURRENT-1]}"; do
)";
  script += lines_that_find_the_command(root);
  for (const VerbHelp* verb : all_verbs(root)) {
    script += "    " + quoted(verb->words) + ") next=(";
    for (const VerbHelp& below : verb->verbs) script += " " + after_colon(below.name, below.help);
    for (const OptionHelp& option : verb->options) {
      for (const std::string& name : option.names)
        script += " " + after_colon(name, until_semicolon(option.help));
    }
    script += " ) ;;\n";
  }
  return script + R"(  esac
  _describe 'carillon' next
  _files
}
_carillon "$@"
)";
}

std::string fish_completion(const VerbHelp& root) {
  std::string script = R"(# fish completion of carillon
function __carillon_is
    set -l command carillon
    for word in (commandline -opc)[2..-1]
        switch "$command $word"
)";
  for (const VerbHelp* verb : all_verbs(root)) {
    if (verb == &root) continue;
    script += "            case " + quoted(verb->words) + "\n                set command " +
              quoted(verb->words) + "\n";
  }
  script += "        end\n    end\n    test \"$command\" = \"$argv\"\nend\n";
  for (const VerbHelp* verb : all_verbs(root)) {
    const std::string condition = "complete -c carillon -n " + quoted("__carillon_is " + verb->words);
    for (const VerbHelp& below : verb->verbs) {
      script += condition + " -f -a " + below.name + " -d " + quoted(below.help) + "\n";
    }
    for (const OptionHelp& option : verb->options) {
      if (option.names.empty()) continue;
      script += condition;
      for (const std::string& name : option.names) {
        script += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      }
      script += (option.value.empty() ? " -d " : " -r -d ") + quoted(until_semicolon(option.help)) + "\n";
    }
  }
  return script;
}

}  // namespace carillon::app
