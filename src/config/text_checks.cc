#include "config/text_checks.h"

#include <algorithm>
#include <array>
#include <vector>

#include "config/load.h"
#include "config/words.h"
#include "event/channel_pattern.h"
#include "json/template.h"
#include "json/validate.h"

namespace carillon::config {
namespace {

constexpr std::array<std::string_view, 5> kEventVariables = {"channel", "*", "body", "time_s", "time_ms"};

// What Carillon itself answers on every port.
constexpr std::array<std::string_view, 4> kOwnPaths = {"/health", "/metrics", "/ready", "/v1/publish"};

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool is_path_byte(char c) {
  return is_alphanumeric(c) || std::string_view("/-._~!$&'()+,;=:@").find(c) != std::string_view::npos;
}

bool is_token_byte(char c) {
  return is_alphanumeric(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

template <class Predicate>
bool all_of(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

bool has_dot_segment(std::string_view path) {
  const std::string closed = std::string(path) + "/";
  return closed.find("/./") != std::string::npos || closed.find("/../") != std::string::npos ||
         path.find("//") != std::string_view::npos;
}

}  // namespace

std::optional<std::string> check_name(std::string_view text) {
  const auto fine = [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; };
  if (!text.empty() && text.size() <= 64 && all_of(text, fine)) return std::nullopt;
  return quoted(text) + " is not a name; write 1 to 64 letters, digits, \"-\", \"_\" or \".\"";
}

std::optional<std::string> check_algorithm(std::string_view text) {
  static constexpr std::array<std::string_view, 13> kNames = {"HS256", "HS384", "HS512", "RS256", "RS384",
                                                              "RS512", "PS256", "PS384", "PS512", "ES256",
                                                              "ES384", "ES512", "EdDSA"};
  if (std::find(kNames.begin(), kNames.end(), text) != kNames.end()) return std::nullopt;
  const std::vector<std::string> names(kNames.begin(), kNames.end());
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (lower == "none") return "\"none\" would admit tokens that nobody signed; write one of " + joined(names);
  const auto near = nearest(text, names);
  if (near) return cat({quoted(text), " is unknown; did you mean \"", *near, "\"?"});
  return quoted(text) + " is unknown; write one of " + joined(names);
}

std::optional<std::string> check_path(std::string_view text) {
  if (text.empty() || text.front() != '/') return quoted(text) + " does not begin with \"/\"; write \"/ws\"";
  if (!all_of(text, is_path_byte)) {
    return quoted(text) +
           " is not a literal path (no patterns, no query, no %-escapes, no blanks); write \"/ws\"";
  }
  if (has_dot_segment(text)) return quoted(text) + " has an empty or a dot segment; write \"/ws\"";
  if (std::find(kOwnPaths.begin(), kOwnPaths.end(), text) != kOwnPaths.end()) {
    return quoted(text) + " is answered by Carillon itself; write another path";
  }
  return std::nullopt;
}

std::optional<std::string> check_origin(std::string_view text) {
  if (text == "*" || text == "none") return std::nullopt;
  const auto scheme = text.find("://");
  const bool has_host = scheme != std::string_view::npos && scheme > 0 && scheme + 3 < text.size();
  const auto odd = [](char c) {
    return is_control(c) || c == ' ' || c == '*' || c == '?' || c == '#' || c == '@';
  };
  const bool plain = std::none_of(text.begin(), text.end(), odd);
  if (has_host && plain && text.find('/', scheme + 3) == std::string_view::npos) return std::nullopt;
  return quoted(text) +
         " is not an origin; write \"https://app.example.com\" (scheme, host and port only), \"none\" or "
         "\"*\"";
}

std::optional<std::string> check_channel_pattern(std::string_view text) {
  const auto pattern = ChannelPattern::parse(text);
  if (pattern) return std::nullopt;
  return pattern.error().message;
}

std::optional<std::string> check_header(std::string_view text) {
  const auto colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  const bool shaped = colon != std::string_view::npos && !name.empty() && all_of(name, is_token_byte);
  if (!shaped || std::any_of(text.begin(), text.end(), [](char c) { return is_control(c) && c != '\t'; })) {
    return quoted(text) + " is not a header; write \"Name: value\" on one line";
  }
  static constexpr std::array<std::string_view, 4> kOurs = {"content-length", "content-type", "connection",
                                                            "transfer-encoding"};
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (std::find(kOurs.begin(), kOurs.end(), lower) == kOurs.end()) return std::nullopt;
  return quoted(name) + " is set by Carillon itself; leave it out";
}

std::optional<std::string> check_json(std::string_view text) {
  const json::Validation validation = json::validate(text);
  if (validation) return std::nullopt;
  return cat({"is not JSON at byte ", std::to_string(validation.offset), ": ",
              json::describe(validation.fault), "; write '{\"message\":\"text\"}'"});
}

std::optional<std::string> check_event_template(std::string_view text) {
  if (text.empty()) return std::nullopt;  // an endpoint without events
  const auto compiled = json::Template::compile(text, kEventVariables);
  if (compiled) return std::nullopt;
  return compiled.error().message;
}

std::optional<std::string> check_close_reason(std::string_view text) {
  if (std::none_of(text.begin(), text.end(), is_control)) return std::nullopt;
  return quoted(text) + " has control characters; write plain text";
}

}  // namespace carillon::config
