#include "config/apply.h"

#include <algorithm>

#include "config/report.h"
#include "config/value_kinds.h"

namespace carillon::config {
namespace {

bool begins_with(std::string_view text, std::string_view beginning) {
  return text.substr(0, beginning.size()) == beginning;
}

// The next parts of the keys that continue `path` ("" or "keepalive.").
std::vector<std::string> names_below(const std::vector<Option>& options, std::string_view path) {
  std::vector<std::string> names;
  for (const auto& option : options) {
    if (!begins_with(option.key, path)) continue;
    const auto rest = option.key.substr(path.size());
    std::string name(rest.substr(0, rest.find('.')));
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
  }
  return names;
}

class Walk {
 public:
  Walk(const std::vector<Option>& options, const Layer& layer, Reading& reading, Written& written)
      : options_(options), layer_(layer), reading_(reading), written_(written) {}

  // Goes no deeper than the options' keys do.
  void table(const Node& table, const std::string& path) {
    for (const Node& each : table.members) member(path, each.name, each);
  }

 private:
  void member(const std::string& path, const std::string& name, const Node& value) {
    const std::string key = path + name;
    const Place place{
        value, {std::string(layer_.source), value.line}, layer_.prefix + path + printable(name)};
    const bool has_dot = name.find('.') != std::string::npos;  // "a.b" in quotes is one name, not two
    const auto option =
        std::find_if(options_.begin(), options_.end(), [&](const Option& each) { return each.key == key; });
    if (option != options_.end() && !has_dot) {
      option->read(place, reading_);
      write_down(written_, key, place.origin);
      return;
    }
    const std::vector<std::string> below =
        has_dot ? std::vector<std::string>{} : names_below(options_, key + ".");
    if (below.empty()) {
      reading_.fault(place, reading_.report.is_full() ? "" : unknown(path, name));
    } else if (value.kind == Node::Kind::table) {
      table(value, key + ".");
    } else {
      reading_.fault(place, cat({"expected a table with ", joined(below), ", got ", got(value), "; write ",
                                 key, ".", below.front(), " = …"}));
    }
  }

  std::string unknown(const std::string& path, const std::string& name) const {
    const auto known = names_below(options_, path);
    if (nearest(name, known)) return unknown_key(name, known);
    // The right name at the wrong level: `ping = "10s"` for keepalive.ping.
    for (const auto& option : options_) {
      const auto last = option.key.substr(option.key.rfind('.') + 1);
      if (last == name) return cat({kUnknownKey, "; did you mean \"", option.key, "\"?"});
    }
    return unknown_key(name, known);
  }

  const std::vector<Option>& options_;
  const Layer& layer_;
  Reading& reading_;
  Written& written_;
};

}  // namespace

void apply(const Node& table, const std::vector<Option>& options, const Layer& layer, Reading& reading,
           Written& written) {
  Walk(options, layer, reading, written).table(table, "");
}

std::string unknown_key(std::string_view name, const std::vector<std::string>& known) {
  if (const auto near = nearest(name, known)) return cat({kUnknownKey, "; did you mean \"", *near, "\"?"});
  return cat({kUnknownKey, "; known here: ", joined(known)});
}

void write_down(Written& written, std::string_view key, const Origin& origin) {
  for (auto& [name, where] : written) {
    if (name == key) {
      where = origin;
      return;
    }
  }
  written.emplace_back(key, origin);
}

bool is_written(const Written& written, std::string_view key) {
  return std::any_of(written.begin(), written.end(), [key](const auto& each) { return each.first == key; });
}

Origin origin_in(const Written& written, std::string_view key, const Origin& otherwise) {
  const auto found =
      std::find_if(written.begin(), written.end(), [key](const auto& each) { return each.first == key; });
  return found == written.end() ? otherwise : found->second;
}

}  // namespace carillon::config
