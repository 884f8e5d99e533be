// Formats values for configuration messages: quoted, cut short, joined, and never able to write control
// characters to a terminal.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace carillon::config {

std::string cat(std::initializer_list<std::string_view> parts);

// The text with its control characters (C0, DEL, C1) as \n, \t, \u0000; harmless to do twice.
std::string escaped(std::string_view text);
// "text", control characters escaped, cut to 60 bytes. Never for a secret.
std::string quoted(std::string_view text);
// The same without the quotes: for a key that a file made up.
std::string printable(std::string_view text);
// text as TOML would have it: 'literal' where that spares escapes, "basic" else. Uncut.
std::string toml_quoted(std::string_view text);
std::string toml_list(const std::vector<std::string>& texts);
// a, b, c
std::string joined(const std::vector<std::string>& texts);
// "a", "b" or "c"
std::string alternatives(const std::vector<std::string>& texts);

}  // namespace carillon::config
