// Node: one value of a configuration file, with its line; what is left of TOML once toml_text.cc has
// read it, so that nothing else needs the TOML library.
//
// A value type without invariants: only the members of its `kind` mean anything.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carillon::config {

struct Node {
  enum class Kind { string, integer, real, boolean, date, array, table };

  Kind kind = Kind::table;
  std::uint32_t line = 0;
  bool truth = false;
  std::int64_t integer = 0;
  std::string text;                                   // string
  std::vector<Node> items;                            // array
  std::vector<std::pair<std::string, Node>> members;  // table, in the order of their lines

  const Node* find(std::string_view name) const {
    for (const auto& [key, value] : members) {
      if (key == name) return &value;
    }
    return nullptr;
  }
};

}  // namespace carillon::config
