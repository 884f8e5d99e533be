#include "config/variables.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "config/options.h"
#include "config/text.h"
#include "config/toml_text.h"

namespace carillon::config {
namespace {

constexpr std::string_view kBeginning = "CARILLON_";
constexpr std::array<std::string_view, 7> kTables = {"SERVER_", "BUS_",  "API_",     "ADMIN_",
                                                     "LOG_",    "KEYS_", "ENDPOINT_"};

char in_a_variable(char c) {
  if (c >= 'a' && c <= 'z') return static_cast<char>(c - 'a' + 'A');
  const bool is_kept = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return is_kept ? c : '_';
}

bool looks_like_an_option(std::string_view name) {
  if (!name.starts_with(kBeginning)) return false;
  // Kubernetes sets these for a Service that is called carillon-server.
  for (const std::string_view of_kubernetes : {"_SERVICE_HOST", "_SERVICE_PORT", "_PORT_"}) {
    if (name.find(of_kubernetes) != std::string_view::npos) return false;
  }
  if (name.ends_with("_PORT")) return false;
  return std::any_of(kTables.begin(), kTables.end(),
                     [rest = name.substr(kBeginning.size())](auto table) { return rest.starts_with(table); });
}

Node text_node(std::string_view text) {
  Node node;
  node.kind = Node::Kind::string;
  node.text = text;
  return node;
}

Node node_of(std::string_view text) {
  Node node = text_node(text);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), node.integer);
  if (error == std::errc{} && end == text.data() + text.size()) {
    node.kind = Node::Kind::integer;
  } else if (text == "true" || text == "false") {
    node.kind = Node::Kind::boolean;
    node.truth = text == "true";
  } else if (text.find_first_of("[{\"'") == 0) {
    auto table = read_toml(cat({"value = ", text}));
    if (table && table->members.size() == 1) node = std::move(table->members.front());
    node.line = 0;
  }
  return node;
}

}  // namespace

std::string variable_of(std::string_view prefix, std::string_view key) {
  std::string name(kBeginning);
  for (const std::string_view part : {prefix, key}) {
    for (const char c : part) name += in_a_variable(c);
  }
  return name;
}

VariableLog::VariableLog(const Environment& environment) : environment_(environment) {
  environment_.variable = [this, &environment](std::string_view name) {
    asked_.emplace(name);
    return environment.variable(name);
  };
}

void VariableLog::report_unknown(Report& report) const {
  if (!environment_.names) return;
  for (const std::string& name : environment_.names()) {
    if (!looks_like_an_option(name) || asked_.contains(name)) continue;
    const auto near = nearest(name, {asked_.begin(), asked_.end()});
    report.warning({name, 0}, "",
                   cat({"is no option's variable and has no effect; ",
                        near ? cat({"did you mean ", *near, "?"}) : "carillon config explain lists them"}));
  }
}

void apply_variables(const std::vector<Option>& options, std::string_view prefix, Reading& reading,
                     Written& written) {
  for (const Option& option : options) {
    const std::string name = variable_of(prefix, option.key);
    const auto text = reading.environment.variable(name);
    if (!text) continue;
    if (text->empty()) {
      reading.report.warning({name, 0}, "", "is empty and counts as not set; give it a value");
      continue;
    }
    const Node node = node_of(*text);
    const Place place{node, {name, 0}, cat({prefix, option.key})};
    option.read(place, reading);
    write_down(written, option.key, place.origin);
    reading.report.note(cat({prefix, option.key, " = ", option.show(), " (", name, ")"}));
  }
}

}  // namespace carillon::config
