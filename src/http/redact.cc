// What of a request may be shown (WIRE C6). When in doubt, less.
#include <algorithm>
#include <array>

#include "http/characters.h"
#include "http/target.h"

namespace carillon::http {
namespace {

constexpr std::string_view kRedacted = "REDACTED";
constexpr std::array<std::string_view, 4> kSecretParameters = {"token", "access_token", "refresh_token",
                                                               "api_key"};
constexpr std::array<std::string_view, 8> kSecretHeaders = {
    "Authorization", "Proxy-Authorization",   "Cookie", "Set-Cookie", "X-API-Key", "Api-Key",
    "X-Auth-Token",  "Sec-WebSocket-Protocol"};

bool is_secret_parameter(std::string_view name) {
  return std::any_of(kSecretParameters.begin(), kSecretParameters.end(),
                     [name](std::string_view secret) { return equal_ignoring_case(name, secret); });
}

bool is_name_byte(char c) { return is_letter(c) || is_digit(c) || c == '_'; }

// Whether somewhere in the text stands `token=`, as in a URL that is a parameter's value or behind a ';'
// that some servers take for a '&'.
bool holds_assignment(std::string_view text) {
  for (std::size_t equals = text.find('='); equals != std::string_view::npos;
       equals = text.find('=', equals + 1)) {
    std::size_t begin = equals;
    while (begin > 0 && is_name_byte(text[begin - 1])) --begin;
    if (is_secret_parameter(text.substr(begin, equals - begin))) return true;
  }
  return false;
}

// The same, where it may be escaped several times over: a URL inside a URL.
bool holds_assignment_at_any_depth(std::string_view text) {
  constexpr int kEscapedTimesMax = 4;
  std::string current(text);
  for (int i = 0; i < kEscapedTimesMax; ++i) {
    if (holds_assignment(current)) return true;
    auto decoded = percent_decoded(current, Plus::space);
    if (!decoded || *decoded == current) return false;
    current = std::move(*decoded);
  }
  return true;  // nobody escapes an innocent value that often
}

void append_parameter(std::string& out, std::string_view piece) {
  const std::size_t equals = piece.find('=');
  if (equals == std::string_view::npos) {
    out += holds_assignment_at_any_depth(piece) ? kRedacted : piece;
    return;
  }
  const std::string_view name = piece.substr(0, equals);
  if (holds_assignment_at_any_depth(name)) {
    out += kRedacted;
    return;
  }
  out += name;
  out += '=';
  const auto decoded = percent_decoded(name, Plus::space);
  const std::string_view trimmed_name = decoded ? trimmed(*decoded) : std::string_view{};
  const bool secret = is_secret_parameter(trimmed_name) || holds_assignment_at_any_depth(piece);
  out += secret ? kRedacted : piece.substr(equals + 1);
}

}  // namespace

std::string redacted_target(std::string_view target) {
  if (!target.starts_with('/')) return "(not a path)";
  const std::size_t question = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, question);
  std::string out(holds_assignment_at_any_depth(path) ? "/REDACTED" : path);
  if (question == target.size()) return out;
  std::string_view query = target.substr(question + 1);
  if (!QueryParameters::parse(query)) return out;
  out += '?';
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    append_parameter(out, query.substr(0, end));
    if (end < query.size()) out += '&';
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return out;
}

std::string redacted_header(std::string_view name, std::string_view value) {
  const auto same_name = [name](std::string_view secret) { return equal_ignoring_case(name, secret); };
  if (std::any_of(kSecretHeaders.begin(), kSecretHeaders.end(), same_name)) return std::string(kRedacted);
  if (same_name("Referer") || same_name("Location")) value = value.substr(0, value.find_first_of("?#"));
  if (holds_assignment_at_any_depth(value)) return std::string(kRedacted);
  return std::string(value);
}

}  // namespace carillon::http
