// TOML in, Nodes out. The only door to the TOML library (toml_text.cc includes it, nothing else does).
//
// Pure. Never throws on hostile text: the library runs without exceptions, and what it has no bound
// for (nesting by dotted keys, size) is refused before it sees the text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/node.h"

namespace carillon::config {

inline constexpr std::size_t kFileBytesMax = 1024 * 1024;
inline constexpr std::uint32_t kNestingMax = 32;   // brackets open at once
inline constexpr std::uint32_t kKeyPartsMax = 16;  // a.b.c has three

// A syntax error of a TOML text and its line.
struct SyntaxFault {
  std::uint32_t line = 0;
  std::string message;  // never holds text of a value longer than a few characters: it may be a secret
};

Result<Node, SyntaxFault> read_toml(std::string_view text);

}  // namespace carillon::config
