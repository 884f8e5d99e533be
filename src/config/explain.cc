#include <algorithm>

#include "config/load.h"
#include "config/options.h"
#include "config/text.h"
#include "config/variables.h"

namespace carillon::config {
namespace {

// "keys.main.secret" selects "keys.<name>.secret", "endpoint[0].path" and "endpoint.path" for the same.
std::string generalised(std::string_view asked) {
  std::string key(asked);
  if (key.substr(0, 5) == "keys." && key.substr(0, 11) != "keys.<name>") {
    const auto rest = key.find('.', 5);
    key = cat({"keys.<name>", rest == std::string::npos ? "" : std::string_view(key).substr(rest)});
  }
  for (auto bracket = key.find('['); bracket != std::string::npos; bracket = key.find('[', bracket)) {
    const auto close = key.find(']', bracket);
    if (close == std::string::npos) break;
    key.erase(bracket, close - bracket + 1);
  }
  // A route is the same in an endpoint and at the top.
  constexpr std::string_view kEndpoint = "endpoint.";
  if (key.starts_with("endpoint.route.")) key.erase(0, kEndpoint.size());
  return key;
}

bool is_asked(std::string_view key, std::string_view asked) {
  if (key.substr(0, asked.size()) != asked) return false;
  return asked.empty() || key.size() == asked.size() || asked.back() == '.' || key[asked.size()] == '.';
}

// A route has no name by which a variable could be called.
std::string explain_variable(std::string_view prefix, std::string_view key) {
  const bool has_none = prefix == "route." || key == "profile" || (prefix == "endpoint." && key == "name");
  if (has_none) return {};
  const std::string_view named = prefix == "keys.<name>." ? "keys.name."
                                 : prefix == "endpoint."  ? "endpoint.name."
                                                          : prefix;
  return "\n    variable: " + variable_of(named, key);
}

std::string explain_variables() {
  std::string out;
  for (const auto& [name, help] : variables()) out += cat({name, "   (environment)\n    ", help, "\n"});
  return out;
}

}  // namespace

Result<std::string> explain_options(std::string_view key_prefix) {
  Subjects subjects;
  const std::string asked = generalised(key_prefix);
  std::vector<std::string> keys;
  std::string out;
  for (const auto& section : sections(subjects)) {
    for (const auto& option : section.options) {
      const std::string key = cat({section.prefix, option.key});
      keys.push_back(key);
      // "keepalive.ping" alone is as good as "endpoint.keepalive.ping".
      if (!is_asked(key, asked) && !is_asked(option.key, asked)) continue;
      out += cat(
          {key, "\n    ", option.help, "\n    type:    ", option.type, "\n    default: ", option.default_text,
           "\n    applies: at a ", name_of(option.applies), explain_variable(section.prefix, option.key),
           "\n    example: ", option.key.substr(option.key.rfind('.') + 1), " = ", option.example, "\n"});
    }
  }
  if (asked.empty()) return out + explain_variables();
  for (const auto& [name, help] : variables()) {
    if (asked == name) return cat({name, "   (environment)\n    ", help, "\n"});
  }
  if (!out.empty()) return out;
  const auto near = nearest(asked, keys);
  return failure(cat({"there is no option ", quoted(key_prefix), near ? "; did you mean \"" : "",
                      near ? *near + "\"?" : ""}));
}

}  // namespace carillon::config
