// What single texts of a configuration must look like. Each answers what is wrong and what to write
// instead, or nothing. (What takes two settings to judge is in check.h.)
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace carillon::config {

std::optional<std::string> check_name(std::string_view text);       // of an endpoint or a key
std::optional<std::string> check_algorithm(std::string_view text);  // RFC 7518, RFC 8037; never "none"
std::optional<std::string> check_path(std::string_view text);       // literal, from "/"
std::optional<std::string> check_origin(std::string_view text);     // "*", "none", "https://host[:port]"
std::optional<std::string> check_channel_pattern(std::string_view text);
std::optional<std::string> check_header(std::string_view text);  // "Name: value" (RFC 9110 section 5)
std::optional<std::string> check_json(std::string_view text);
std::optional<std::string> check_event_template(std::string_view text);
std::optional<std::string> check_close_reason(std::string_view text);

}  // namespace carillon::config
