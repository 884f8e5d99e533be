#include "json/scan.h"

#include <algorithm>
#include <cstring>

namespace carillon::json::scan {
namespace {

unsigned hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  return static_cast<unsigned>((c | 0x20) - 'a' + 10);
}

// The four digits behind `\u`, where there are four bytes.
std::uint32_t code_unit(std::string_view escaped, std::size_t digits) {
  if (digits + 4 > escaped.size()) return 0xFFFD;
  std::uint32_t unit = 0;
  for (std::size_t i = digits; i < digits + 4; ++i) unit = unit << 4 | (hex_digit(escaped[i]) & 0xF);
  return unit;
}

bool is_high_surrogate(std::uint32_t unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool is_low_surrogate(std::uint32_t unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

char simple_escape(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;  // " \ /
  }
}

struct Escape {
  std::uint32_t code_point;
  std::size_t end;  // behind the escape
};

// Takes the escape whose backslash stands at `at`; two of \u that are a surrogate pair count as one.
Escape read_escape(std::string_view escaped, std::size_t at) {
  if (at + 1 >= escaped.size()) return {0xFFFD, escaped.size()};
  if (escaped[at + 1] != 'u') {
    return {static_cast<unsigned char>(simple_escape(escaped[at + 1])), at + 2};
  }
  const std::uint32_t first = code_unit(escaped, at + 2);
  const std::size_t end = at + 6 < escaped.size() ? at + 6 : escaped.size();
  if (!is_high_surrogate(first) || escaped.substr(end, 2) != "\\u") return {first, end};
  const std::uint32_t second = code_unit(escaped, end + 2);
  if (!is_low_surrogate(second)) return {first, end};
  return {0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00), end + 6};
}

std::size_t encode_utf8(std::uint32_t code_point, char (&bytes)[4]) {
  const auto part = [](std::uint32_t value) { return static_cast<char>(static_cast<unsigned char>(value)); };
  if (code_point < 0x80) {
    bytes[0] = part(code_point);
    return 1;
  }
  if (code_point < 0x800) {
    bytes[0] = part(0xC0 | code_point >> 6);
    bytes[1] = part(0x80 | (code_point & 0x3F));
    return 2;
  }
  if (code_point < 0x10000) {
    bytes[0] = part(0xE0 | code_point >> 12);
    bytes[1] = part(0x80 | (code_point >> 6 & 0x3F));
    bytes[2] = part(0x80 | (code_point & 0x3F));
    return 3;
  }
  bytes[0] = part(0xF0 | code_point >> 18);
  bytes[1] = part(0x80 | (code_point >> 12 & 0x3F));
  bytes[2] = part(0x80 | (code_point >> 6 & 0x3F));
  bytes[3] = part(0x80 | (code_point & 0x3F));
  return 4;
}

std::size_t container_end(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    switch (text[at]) {
      case '"':
        at = string_end(text, at);
        continue;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (--depth == 0) return at + 1;
        break;
      default:
        break;
    }
    ++at;
  }
  return text.size();
}

}  // namespace

std::size_t string_end(std::string_view text, std::size_t at) {
  const std::size_t inside = at + 1;
  std::size_t from = inside;
  while (from < text.size()) {
    const auto* quote = static_cast<const char*>(std::memchr(text.data() + from, '"', text.size() - from));
    if (quote == nullptr) break;
    const auto position = static_cast<std::size_t>(quote - text.data());
    // An odd run of backslashes before it escapes the quote. Runs end at the last quote looked at, so
    // that all of them together are read once.
    std::size_t backslashes = 0;
    while (position - backslashes > from && text[position - backslashes - 1] == '\\') ++backslashes;
    if (backslashes % 2 == 0) return position + 1;
    from = position + 1;
  }
  return text.size();
}

std::size_t value_end(std::string_view text, std::size_t at) {
  if (at >= text.size()) return text.size();
  if (text[at] == '"') return string_end(text, at);
  if (text[at] == '{' || text[at] == '[') return container_end(text, at);
  while (at < text.size() && text[at] != ',' && text[at] != '}' && text[at] != ']' && !is_space(text[at])) {
    ++at;
  }
  return at;
}

int utf8_sequence(std::string_view text, std::size_t at) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return -1;
  const int length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // Table 3-7 of the Unicode standard: only the second byte's range depends on the first.
  unsigned char lowest = 0x80;
  unsigned char highest = 0xBF;
  if (lead == 0xE0) lowest = 0xA0;
  if (lead == 0xED) highest = 0x9F;
  if (lead == 0xF0) lowest = 0x90;
  if (lead == 0xF4) highest = 0x8F;
  for (int i = 1; i < length; ++i) {
    const std::size_t next = at + static_cast<std::size_t>(i);
    if (next >= text.size() || byte(next) < lowest || byte(next) > highest) return -i;
    lowest = 0x80;
    highest = 0xBF;
  }
  return length;
}

void append_utf8(std::string& out, std::uint32_t code_point) {
  char bytes[4];
  out.append(bytes, encode_utf8(code_point, bytes));
}

bool append_unescaped(std::string& out, std::string_view escaped, LoneSurrogates lone_surrogates) {
  std::size_t at = 0;
  while (at < escaped.size()) {
    const std::size_t backslash = std::min(escaped.find('\\', at), escaped.size());
    out.append(escaped, at, backslash - at);
    if (backslash == escaped.size()) break;
    const Escape escape = read_escape(escaped, backslash);
    const bool lone = is_high_surrogate(escape.code_point) || is_low_surrogate(escape.code_point);
    if (lone && lone_surrogates == LoneSurrogates::refuse) return false;
    append_utf8(out, escape.code_point);
    at = escape.end;
  }
  return true;
}

bool unescaped_equals(std::string_view escaped, std::string_view text) {
  while (!escaped.empty()) {
    const std::size_t backslash = std::min(escaped.find('\\'), escaped.size());
    if (!text.starts_with(escaped.substr(0, backslash))) return false;
    text.remove_prefix(backslash);
    escaped.remove_prefix(backslash);
    if (escaped.empty()) break;
    const Escape escape = read_escape(escaped, 0);
    char bytes[4];
    const std::size_t size = encode_utf8(escape.code_point, bytes);
    if (!text.starts_with(std::string_view(bytes, size))) return false;
    text.remove_prefix(size);
    escaped.remove_prefix(std::min(escape.end, escaped.size()));
  }
  return text.empty();
}

}  // namespace carillon::json::scan
