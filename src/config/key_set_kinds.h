// The option kind of a key set in a file.
#pragma once

#include <string>

#include "config/value_kinds.h"

namespace carillon::config {

// The path of a JSON Web Key Set, which is read with the configuration. auth/ checks what it holds.
struct JwksFileKind {
  std::string type() const { return "path of a file"; }
  std::string example() const { return "\"jwks.json\""; }
  std::string show(const JwksFile& field) const { return toml_quoted(field.path); }
  // The file may have changed.
  bool same(const JwksFile& a, const JwksFile& b) const {
    return a.path == b.path && (a.text == b.text || (a.text && b.text && *a.text == *b.text));
  }
  void read(const Place& place, Reading& reading, JwksFile& field) const;
};

}  // namespace carillon::config
