#include "config/words.h"

#include <algorithm>

namespace carillon::config {
namespace {

constexpr std::size_t kShownBytesMax = 60;

void append_escaped(std::string& out, char c) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x20 && byte != 0x7f) {
    out += c;
  } else if (c == '\n') {
    out += "\\n";
  } else if (c == '\t') {
    out += "\\t";
  } else {
    out += "\\u00";
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
}

}  // namespace

std::string cat(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const auto part : parts) out += part;
  return out;
}

std::string printable(std::string_view text) {
  bool cut = text.size() > kShownBytesMax;
  std::size_t end = std::min(text.size(), kShownBytesMax);
  // Not in the middle of a character: the file is valid UTF-8, the message stays so.
  while (cut && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  std::string out;
  for (const char c : text.substr(0, end)) append_escaped(out, c);
  if (cut) out += "…";
  return out;
}

std::string quoted(std::string_view text) { return cat({"\"", printable(text), "\""}); }

std::string toml_quoted(std::string_view text) {
  const bool has_control = std::any_of(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  const bool needs_escape = text.find_first_of("\"\\") != std::string_view::npos;
  if (needs_escape && !has_control && text.find('\'') == std::string_view::npos) {
    return cat({"'", text, "'"});
  }
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    append_escaped(out, c);
  }
  return out + '"';
}

std::string toml_list(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const auto& text : texts) {
    if (out.size() > 1) out += ", ";
    out += toml_quoted(text);
  }
  return out + "]";
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts) {
    if (!out.empty()) out += ", ";
    out += text;
  }
  return out;
}

std::string alternatives(const std::vector<std::string>& texts) {
  std::string out;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i != 0) out += i + 1 == texts.size() ? " or " : ", ";
    out += cat({"\"", texts[i], "\""});
  }
  return out;
}

}  // namespace carillon::config
