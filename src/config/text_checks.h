// Checks of single values. Each returns what is wrong and what to write instead, or nothing. check.h has
// the checks across settings.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace carillon::http {
class PathPattern;
}

namespace carillon::config {

std::optional<std::string> check_name(std::string_view text);         // of an endpoint or a key
std::optional<std::string> check_profile(std::string_view text);      // a name, or a path that ends in .toml
std::optional<std::string> check_algorithm(std::string_view text);    // RFC 7518, RFC 8037; never "none"
std::optional<std::string> check_path(std::string_view text);         // from "/"; {name} is a segment
std::optional<std::string> check_origin(std::string_view text);       // "*", "none", "https://host[:port]"
std::optional<std::string> check_subprotocol(std::string_view text);  // a token (RFC 9110 section 5.6.2)
std::optional<std::string> check_channel_pattern(std::string_view text);
std::optional<std::string> check_optional_channel_pattern(std::string_view text);  // "" is none
std::optional<std::string> check_header(std::string_view text);          // "Name: value" (RFC 9110 section 5)
std::optional<std::string> check_pointer(std::string_view text);         // RFC 6901; "" is none
std::optional<std::string> check_event_template(std::string_view text);  // each "" is none
std::optional<std::string> check_reply_template(std::string_view text);
std::optional<std::string> check_time_template(std::string_view text);
std::optional<std::string> check_drain_template(std::string_view text);
std::optional<std::string> check_open_template(std::string_view text);
std::optional<std::string> check_ping_template(std::string_view text);
std::optional<std::string> check_gap_template(std::string_view text);
std::optional<std::string> check_status_template(std::string_view text);
std::optional<std::string> check_selected_value(std::string_view text);  // "*" or a pointer
std::optional<std::string> check_log_message(std::string_view text);     // printable, or "" for none
std::optional<std::string> check_close_reason(std::string_view text);
std::optional<std::string> check_method(std::string_view text);         // of a route
std::optional<std::string> check_health_member(std::string_view text);  // none of those that it has anyway

// Returns a path that Carillon itself answers on every port and that matches `pattern`, whose text is `text`;
// empty: there is none.
std::string_view own_path_in(const http::PathPattern& pattern, std::string_view text);

}  // namespace carillon::config
