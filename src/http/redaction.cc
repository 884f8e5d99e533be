#include "http/redaction.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "http/characters.h"
#include "http/target.h"

namespace carillon::http {
namespace {

constexpr std::string_view kRedacted = "REDACTED";
// The built-in protocols use the first four; the others are what people write instead, by mistake or to
// another server.
constexpr std::array<std::string_view, 12> kSecretParameters = {
    "token",  "access_token", "refresh_token", "api_key", "id_token",      "key",
    "apikey", "jwt",          "auth",          "secret",  "client_secret", "password"};
constexpr std::array<std::string_view, 8> kSecretHeaders = {
    "Authorization", "Proxy-Authorization",   "Cookie", "Set-Cookie", "X-API-Key", "Api-Key",
    "X-Auth-Token",  "Sec-WebSocket-Protocol"};

bool is_name_byte(char c) { return is_letter(c) || is_digit(c) || c == '_'; }
bool is_base64url_byte(char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-'; }

bool ends_with_ignoring_case(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && equal_ignoring_case(text.substr(text.size() - end.size()), end);
}

// `{"` in base64url begins a JWT's header and its payload: "eyJ….eyJ….…" (RFC 7519 section 3).
bool holds_jwt(std::string_view text) {
  constexpr std::string_view kOpening = "eyJ";
  for (std::size_t at = text.find(kOpening); at != std::string_view::npos; at = text.find(kOpening, at + 1)) {
    std::size_t end = at;
    while (end < text.size() && is_base64url_byte(text[end])) ++end;
    if (end < text.size() && text[end] == '.' && text.substr(end + 1).starts_with(kOpening)) return true;
  }
  return false;
}

std::vector<std::string> joined(const auto& always, std::vector<std::string> more) {
  std::vector<std::string> all(always.begin(), always.end());
  std::move(more.begin(), more.end(), std::back_inserter(all));
  return all;
}

}  // namespace

Redaction::Redaction(std::vector<std::string> parameters, std::vector<std::string> headers)
    : parameters_(joined(kSecretParameters, std::move(parameters))),
      headers_(joined(kSecretHeaders, std::move(headers))) {}

bool Redaction::is_secret_parameter(std::string_view name) const {
  return std::any_of(parameters_.begin(), parameters_.end(),
                     [name](const std::string& secret) { return equal_ignoring_case(name, secret); });
}

// Whether somewhere in the text stands `token=`, as in a URL that is a parameter's value or behind a ';'
// that some servers take for a '&'.
bool Redaction::holds_assignment(std::string_view text) const {
  for (std::size_t equals = text.find('='); equals != std::string_view::npos;
       equals = text.find('=', equals + 1)) {
    const std::string_view before = text.substr(0, equals);
    for (const std::string& secret : parameters_) {
      if (!ends_with_ignoring_case(before, secret)) continue;
      if (before.size() == secret.size() || !is_name_byte(before[before.size() - secret.size() - 1])) {
        return true;
      }
    }
  }
  return false;
}

// The same and a JWT, where they may be escaped several times over: a URL inside a URL.
bool Redaction::holds_secret(std::string_view text) const {
  constexpr int kEscapedTimesMax = 4;
  std::string current(text);
  for (int i = 0; i < kEscapedTimesMax; ++i) {
    if (holds_assignment(current) || holds_jwt(current)) return true;
    auto decoded = percent_decoded(current, Plus::space);
    if (!decoded || *decoded == current) return false;
    current = std::move(*decoded);
  }
  return true;  // a harmless value is never escaped that often
}

void Redaction::append_parameter(std::string& out, std::string_view piece) const {
  const std::size_t equals = piece.find('=');
  if (equals == std::string_view::npos) {
    out += holds_secret(piece) ? kRedacted : piece;
    return;
  }
  const std::string_view name = piece.substr(0, equals);
  if (holds_secret(name)) {
    out += kRedacted;
    return;
  }
  out += name;
  out += '=';
  const auto decoded = percent_decoded(name, Plus::space);
  const std::string_view trimmed_name = decoded ? trimmed(*decoded) : std::string_view{};
  const bool secret = is_secret_parameter(trimmed_name) || holds_secret(piece);
  out += secret ? kRedacted : piece.substr(equals + 1);
}

std::string Redaction::path(std::string_view path) const {
  return holds_secret(path) ? "/REDACTED" : std::string(path);
}

std::string Redaction::target(std::string_view target) const {
  const auto parts = parts_of(target);
  if (!parts) return "(not a path)";
  std::string out;
  if (!parts->authority.empty()) {
    if (holds_secret(parts->authority)) return "(not a path)";
    out = target.substr(0, target.find("://") + 3);
    out += parts->authority;
  }
  out += path(parts->path);
  if (target.find('?') == std::string_view::npos) return out;
  std::string_view query = parts->query;
  const auto parameters = QueryParameters::parse(query);
  if (!parameters || !parameters->all_readable()) return out;
  out += '?';
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    append_parameter(out, query.substr(0, end));
    if (end < query.size()) out += '&';
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return out;
}

std::string Redaction::header(std::string_view name, std::string_view value) const {
  const auto same_name = [name](std::string_view secret) { return equal_ignoring_case(name, secret); };
  if (std::any_of(headers_.begin(), headers_.end(), same_name)) return std::string(kRedacted);
  if (same_name("Referer") || same_name("Location")) value = value.substr(0, value.find_first_of("?#"));
  if (holds_secret(value)) return std::string(kRedacted);
  return std::string(value);
}

}  // namespace carillon::http
