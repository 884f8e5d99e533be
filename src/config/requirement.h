#pragma once

#include <string>

namespace carillon::config {

// What a JSON document must have where a pointer points.
struct Requirement {
  enum class Type { any, null, boolean, number, string, array, object };
  enum class Presence { required, optional };
  std::string pointer;
  Type type = Type::any;
  Presence presence = Presence::required;
};

}  // namespace carillon::config
