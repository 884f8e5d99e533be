#include "client/cors.h"

namespace carillon::client {
namespace {

// Browsers ask again for the same path after this time; none remembers an answer for longer than two hours.
constexpr std::string_view kMaxAge = "7200";
constexpr std::string_view kAllowedHeaders = "Authorization, Last-Event-ID, Cache-Control";

}  // namespace

void add_cors_headers(const protocol::Endpoint& endpoint, const http::RequestHead& head, Headers& headers) {
  // config/ refuses credentials together with "*".
  if (endpoint.origins.admits_any()) {
    headers.emplace_back("Access-Control-Allow-Origin", "*");
    return;
  }
  headers.emplace_back("Vary", "Origin");  // a cache must not give one origin the response to another
  const auto origin = head.header("Origin");
  if (!origin || head.count("Origin") > 1 || !endpoint.origins.admits(*origin, true)) return;
  headers.emplace_back("Access-Control-Allow-Origin", *origin);
  if (endpoint.settings.streams.cors_credentials == config::Switch::on) {
    headers.emplace_back("Access-Control-Allow-Credentials", "true");
  }
}

bool admits_preflight(const protocol::Endpoint& endpoint, const http::RequestHead& head) {
  const auto origin = head.header("Origin");
  return !origin || (head.count("Origin") == 1 && endpoint.origins.admits(*origin, true));
}

http::Response preflight_response(const protocol::Endpoint& endpoint, const http::RequestHead& head) {
  http::Response response;
  response.status = 204;
  response.headers.emplace_back("Allow", kStreamMethods);
  if (head.count("Origin") == 0) return response;
  add_cors_headers(endpoint, head, response.headers);
  response.headers.emplace_back("Access-Control-Allow-Methods", "GET");
  response.headers.emplace_back("Access-Control-Allow-Headers", kAllowedHeaders);
  response.headers.emplace_back("Access-Control-Max-Age", kMaxAge);
  return response;
}

}  // namespace carillon::client
