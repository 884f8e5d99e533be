#include "server/api.h"

#include "server/health.h"
#include "server/metrics.h"
#include "server/publish.h"

namespace carillon::server {
namespace {

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

// "application/json", with or without parameters.
bool is_json(const http::RequestHead& head) {
  const std::string_view type = head.header("Content-Type").value_or("");
  return http::equal_ignoring_case(http::trimmed(type.substr(0, type.find(';'))), "application/json");
}

}  // namespace

Api::Api(config::ApiSettings settings, std::size_t body_bytes_max, std::size_t event_bytes_max)
    : settings_(std::move(settings)), body_bytes_max_(body_bytes_max), event_bytes_max_(event_bytes_max) {}

void Api::attach(gateway::Gateway& gateway, WallTime started_at) {
  gateway_ = &gateway;
  started_at_ = started_at;
}

gateway::HttpHandler::Judgement Api::judge(const http::RequestHead& head) {
  if (head.path == "/v1/publish") return judge_publish(head);
  if (head.path != "/health" && head.path != "/ready" && head.path != "/metrics") return NotMine{};
  if (head.method != "GET" && head.method != "HEAD") return method_not_allowed("GET, HEAD");
  return TakeBody{0};
}

gateway::HttpHandler::Judgement Api::judge_publish(const http::RequestHead& head) const {
  if (head.method != "POST") return method_not_allowed("POST");
  if (settings_.keys.empty()) {
    return refusal(403, "publishing over HTTP is off: set api.keys or CARILLON_API_KEY");
  }
  const auto header = head.header("Authorization");
  if (!header || head.count("Authorization") > 1) {
    return unauthorized("send the API key as Authorization: Bearer <key>");
  }
  const std::size_t space = header->find(' ');
  const bool bearer =
      space != std::string_view::npos && http::equal_ignoring_case(header->substr(0, space), "bearer");
  if (!bearer || !knows_key(http::trimmed(header->substr(space)))) return unauthorized("wrong API key");
  if (!is_json(head)) return refusal(415, "send Content-Type: application/json");
  return TakeBody{body_bytes_max_};
}

// Looks at every key, so that the time says nothing about which one was near.
bool Api::knows_key(std::string_view key) const {
  bool known = false;
  for (const Secret& each : settings_.keys) known |= equal_in_constant_time(each.reveal(), key);
  return known;
}

std::optional<http::Response> Api::handle(const http::RequestHead& head, std::string body,
                                          gateway::Responder later) {
  if (head.path == "/health") return health_response(*gateway_, started_at_, wall_now());
  if (head.path == "/ready") return ready_response(*gateway_);
  if (head.path == "/metrics") return metrics_response(*gateway_, dropped_log_lines_());
  auto events = read_publish_body(body, {settings_.batch_max, event_bytes_max_});
  if (!events) return refusal(events.error().status, events.error().message);
  return publish(*gateway_, std::move(*events), std::move(later));
}

}  // namespace carillon::server
