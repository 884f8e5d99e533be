#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace carillon::config {

// Node: one value of a configuration file, with its line. toml_text.cc converts TOML to Nodes, so that
// nothing else needs the TOML library.
//
// A value type without invariants; only the members for its `kind` are meaningful.
struct Node {
  enum class Kind { string, integer, real, boolean, date, array, table };

  Kind kind = Kind::table;
  std::uint32_t line = 0;
  std::string name;  // in the table that it is a member of; else empty
  bool truth = false;
  std::int64_t integer = 0;
  std::string text;           // string
  std::vector<Node> items;    // array
  std::vector<Node> members;  // table, in the order of their lines

  const Node* find(std::string_view wanted) const {
    for (const Node& member : members) {
      if (member.name == wanted) return &member;
    }
    return nullptr;
  }
};

}  // namespace carillon::config
