#include "api/refusals.h"

namespace carillon::api {

http::Response refusal(int status, std::string_view message) {
  http::Response response = http::error_response(status, message);
  response.keep_alive = http::KeepAlive::keep;
  return response;
}

http::Response method_not_allowed(std::string_view allowed) {
  http::Response response = refusal(405, "method not allowed");
  response.headers.emplace_back("Allow", allowed);
  return response;
}

http::Response unauthorized(std::string_view message) {
  http::Response response = refusal(401, message);
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

http::Response unavailable(std::string_view message) {
  http::Response response = refusal(503, message);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

bool is_json(const http::RequestHead& head) {
  if (head.count("Content-Type") != 1) return false;
  const std::string_view type = head.header("Content-Type").value_or("");
  return http::equal_ignoring_case(http::trimmed(type.substr(0, type.find(';'))), "application/json");
}

std::optional<std::string_view> bearer_of(const http::RequestHead& head) {
  if (head.count("Authorization") != 1) return std::nullopt;
  const std::string_view value = head.header("Authorization").value_or("");
  const std::size_t space = value.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  if (!http::equal_ignoring_case(value.substr(0, space), "bearer")) return std::nullopt;
  return http::trimmed(value.substr(space));
}

}  // namespace carillon::api
