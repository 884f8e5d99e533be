#include "config/text_checks.h"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "config/frame_variables.h"
#include "config/load.h"
#include "config/text.h"
#include "event/channel_name.h"
#include "event/channel_pattern.h"
#include "http/path_pattern.h"
#include "json/pointer.h"
#include "json/template.h"

namespace carillon::config {
namespace {

// What Carillon itself answers on every port.
constexpr std::array<std::string_view, 4> kOwnPaths = {"/health", "/metrics", "/ready", "/v1/publish"};
// The path of the history API, for any name of a channel.
constexpr std::string_view kHistoryBefore = "/v1/channels/";
constexpr std::string_view kHistoryBehind = "/history";
constexpr std::string_view kHistoryExample = "/v1/channels/orders/history";

bool is_own(std::string_view path) {
  if (path.starts_with(kHistoryBefore) && path.ends_with(kHistoryBehind)) return true;
  return std::find(kOwnPaths.begin(), kOwnPaths.end(), path) != kOwnPaths.end();
}

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

// A path with parameters.
std::optional<std::string> check_path_pattern(std::string_view text) {
  const auto pattern = http::PathPattern::parse(text);
  if (!pattern) return cat({quoted(text), ": ", pattern.error().message});
  const std::string_view own = own_path_in(*pattern, text);
  if (own.empty()) return std::nullopt;
  return cat(
      {quoted(text), " matches ", quoted(own), ", which is answered by Carillon itself; write another path"});
}

std::optional<std::string> check_template(std::string_view text,
                                          std::span<const std::string_view> variables) {
  if (text.empty()) return std::nullopt;
  const auto compiled = json::Template::compile(text, variables);
  if (compiled) return std::nullopt;
  return compiled.error().message;
}

}  // namespace

std::optional<std::string> check_profile(std::string_view text) {
  if (text.ends_with(".toml") && std::none_of(text.begin(), text.end(), is_control)) return std::nullopt;
  return check_name(text);
}

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
  if (lower == "none") return "\"none\" would admit unsigned tokens; write one of " + joined(names);
  const auto near = nearest(text, names);
  if (near) return cat({quoted(text), " is unknown; did you mean \"", *near, "\"?"});
  return quoted(text) + " is unknown; write one of " + joined(names);
}

std::optional<std::string> check_path(std::string_view text) {
  if (text.empty() || text.front() != '/') return quoted(text) + " does not begin with \"/\"; write \"/ws\"";
  if (text.find_first_of("{}") != std::string_view::npos) return check_path_pattern(text);
  if (!all_of(text, is_path_byte)) {
    return quoted(text) +
           " is not a literal path (no patterns, no query, no %-escapes, no blanks); write \"/ws\"";
  }
  if (has_dot_segment(text)) return quoted(text) + " has an empty or a dot segment; write \"/ws\"";
  if (is_own(text)) {
    return quoted(text) + " is answered by Carillon itself; write another path";
  }
  return std::nullopt;
}

std::string_view own_path_in(const http::PathPattern& pattern, std::string_view text) {
  if (is_own(text)) return text;
  const auto matches = [&](std::string_view own) { return pattern.match(own).has_value(); };
  const auto own = std::find_if(kOwnPaths.begin(), kOwnPaths.end(), matches);
  if (own != kOwnPaths.end()) return *own;
  return matches(kHistoryExample) ? kHistoryExample : std::string_view();
}

std::optional<std::string> check_method(std::string_view text) {
  static constexpr std::array<std::string_view, 4> kMethods = {"POST", "PUT", "PATCH", "DELETE"};
  if (std::find(kMethods.begin(), kMethods.end(), text) != kMethods.end()) return std::nullopt;
  return quoted(text) +
         " is not a method that a route accepts; write \"POST\", \"PUT\", \"PATCH\" or \"DELETE\"";
}

std::optional<std::string> check_health_member(std::string_view text) {
  static constexpr std::array<std::string_view, 6> kMembers = {"status",      "version", "uptime_s",
                                                               "connections", "bus",     "reload"};
  if (std::find(kMembers.begin(), kMembers.end(), text) != kMembers.end()) {
    return quoted(text) + " is in /health anyway; write another name, such as \"wsConnections\"";
  }
  if (std::none_of(text.begin(), text.end(), is_control)) return std::nullopt;
  return quoted(text) + " has control characters; write a name such as \"wsConnections\"";
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

std::optional<std::string> check_subprotocol(std::string_view text) {
  if (!text.empty() && all_of(text, is_token_byte)) return std::nullopt;
  return quoted(text) + " is not a subprotocol (letters, digits and !#$%&'*+-.^_`|~); write \"chat.v1\"";
}

std::optional<std::string> check_channel_pattern(std::string_view text) {
  const auto pattern = ChannelPattern::parse(text);
  if (!pattern) return pattern.error().message;
  if (!pattern->is_reserved()) return std::nullopt;
  return cat({quoted(text), ": ", describe(ChannelNameFault::reserved), "; write another"});
}

std::optional<std::string> check_optional_channel_pattern(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return check_channel_pattern(text);
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

std::optional<std::string> check_pointer(std::string_view text) {
  const auto pointer = json::Pointer::parse(text);
  if (pointer) return std::nullopt;
  return cat({quoted(text), " is no JSON Pointer: ", pointer.error().message, "; write \"/type\""});
}

std::optional<std::string> check_selected_value(std::string_view text) {
  if (text == "*") return std::nullopt;
  if (text.empty()) return "is empty; write \"*\" for what the channel's star matched, or \"/streamId\"";
  return check_pointer(text);
}

std::optional<std::string> check_event_template(std::string_view text) {
  return check_template(text, kEventVariables);
}

std::optional<std::string> check_reply_template(std::string_view text) {
  return check_template(text, kReplyVariables);
}

std::optional<std::string> check_time_template(std::string_view text) {
  return check_template(text, kTimeVariables);
}

std::optional<std::string> check_drain_template(std::string_view text) {
  return check_template(text, kDrainVariables);
}

std::optional<std::string> check_open_template(std::string_view text) {
  return check_template(text, kOpenVariables);
}

std::optional<std::string> check_ping_template(std::string_view text) {
  return check_template(text, kPingVariables);
}

std::optional<std::string> check_gap_template(std::string_view text) {
  return check_template(text, kGapVariables);
}

std::optional<std::string> check_status_template(std::string_view text) {
  return check_template(text, kStatusVariables);
}

std::optional<std::string> check_log_message(std::string_view text) {
  if (std::none_of(text.begin(), text.end(), is_control)) return std::nullopt;
  return quoted(text) + " has control characters; write one line of plain text";
}

std::optional<std::string> check_close_reason(std::string_view text) {
  if (std::none_of(text.begin(), text.end(), is_control)) return std::nullopt;
  return quoted(text) + " has control characters; write plain text";
}

}  // namespace carillon::config
