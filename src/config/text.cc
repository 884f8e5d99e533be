#include "config/text.h"

#include <algorithm>

namespace carillon::config {
namespace {

constexpr std::size_t kShownBytesMax = 60;

void append_code(std::string& out, unsigned char code) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += "\\u00";
  out += kHex[code >> 4];
  out += kHex[code & 15];
}

void append_escaped(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x20 && byte != 0x7f) {
    out += c;
  } else if (c == '\n') {
    out += "\\n";
  } else if (c == '\t') {
    out += "\\t";
  } else {
    append_code(out, byte);
  }
}

}  // namespace

std::string cat(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const auto part : parts) out += part;
  return out;
}

std::string escaped(std::string_view text) {
  static constexpr std::string_view kC1Lead = "\xC2";  // U+0080 to U+009F are control characters too
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    if (text[i] == kC1Lead[0] && next >= 0x80 && next <= 0x9f) {
      append_code(out, static_cast<unsigned char>(next));
      ++i;
    } else {
      append_escaped(out, text[i]);
    }
  }
  return out;
}

std::string printable(std::string_view text) {
  if (text.size() <= kShownBytesMax) return escaped(text);
  // Not in the middle of a character: the file is valid UTF-8, the message stays so.
  std::size_t end = kShownBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return escaped(text.substr(0, end)) + "…";
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
