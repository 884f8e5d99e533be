// Option kinds that only protocols have: required members of a JSON document, and how clients select events.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/value_kinds.h"

namespace carillon::config {

inline constexpr std::size_t kRequirementsMax = 16;
inline constexpr std::size_t kSelectValuesMax = 64;

// The word for a type in source.require.
std::string_view name_of(Requirement::Type type);

// { "/type" = "string", "/data" = "object?" }: pointers and the types of their values; with "?" the value may
// be absent.
struct RequirementsKind {
  std::string type() const {
    return "table of JSON Pointer = type, at most 16; \"?\" after the type: the member may be absent";
  }
  std::string example() const { return R"({ "/data" = "object?", "/type" = "string" })"; }
  std::string show(const std::vector<Requirement>& field) const;
  void read(const Place& place, Reading& reading, std::vector<Requirement>& field) const;
};

// A name or code in the JSON of a protocol: a text, an integer or a boolean.
struct JsonWordKind {
  std::string_view sample;  // as TOML
  std::size_t bytes_max;

  std::string type() const;
  std::string example() const { return std::string(sample); }
  std::string show(const JsonWord& field) const;
  void read(const Place& place, Reading& reading, JsonWord& field) const;
};

// A list of values that clients select, compared as text: an integer or a boolean stands for its text.
struct SelectedValuesKind {
  TextListKind inner;

  std::string type() const { return cat({inner.type(), "; an integer or a boolean is taken as its text"}); }
  std::string example() const { return inner.example(); }
  std::string show(const std::vector<std::string>& field) const { return inner.show(field); }
  void read(const Place& place, Reading& reading, std::vector<std::string>& field) const;
};

// "all", "query:NAME", "claim:NAME", "path:NAME" or "commands".
struct SelectKind {
  std::string type() const {
    return "\"all\", \"query:NAME\", \"claim:NAME\", \"path:NAME\" or \"commands\"";
  }
  std::string example() const { return "\"query:types\""; }
  // `by` and `parameter` are written as one word.
  std::string show(const SelectSettings& field) const;
  void read(const Place& place, Reading& reading, SelectSettings& field) const;
};

}  // namespace carillon::config
