#include "server/api.h"

#include <vector>

#include "server/health.h"
#include "server/key_check.h"
#include "server/metrics.h"
#include "server/publish.h"
#include "server/refusals.h"

namespace carillon::server {
Result<std::unique_ptr<Api>> Api::create(const config::Settings& settings, RandomBytes random) {
  auto routes = Routes::compile(settings);
  if (!routes) return tl::unexpected(routes.error());
  return std::unique_ptr<Api>(new Api(settings, std::move(*routes), std::move(random)));
}

Api::Api(const config::Settings& settings, Routes routes, RandomBytes random)
    : settings_(settings.api),
      body_bytes_max_(settings.server.body_bytes_max),
      event_bytes_max_(settings.bus.event_bytes_max),
      ingest_(std::move(routes), {body_bytes_max_, event_bytes_max_}, std::move(random)) {}

void Api::attach(gateway::Gateway& gateway, WallTime started_at) {
  gateway_ = &gateway;
  started_at_ = started_at;
}

gateway::HttpHandler::Judgement Api::judge(const http::RequestHead& head, const gateway::Visitor& visitor) {
  if (head.path == "/v1/publish") return judge_publish(head, visitor);
  if (head.path != "/health" && head.path != "/ready" && head.path != "/metrics") {
    return ingest_.judge(head, visitor, gateway_);
  }
  if (head.method != "GET" && head.method != "HEAD") return method_not_allowed("GET, HEAD");
  return TakeBody{0};
}

gateway::HttpHandler::Judgement Api::judge_publish(const http::RequestHead& head,
                                                   const gateway::Visitor& visitor) const {
  if (head.method != "POST") return method_not_allowed("POST");
  if (settings_.keys.empty()) {
    return refusal(403, "publishing over HTTP is off: set api.keys or CARILLON_API_KEY");
  }
  std::vector<std::string_view> presented;
  if (const auto bearer = bearer_of(head)) presented.push_back(*bearer);
  constexpr std::string_view kAdvice = "send the API key as Authorization: Bearer <key>";
  if (auto no = judge_key(presented, settings_.keys, kAdvice, gateway_->key_guesses(), visitor)) {
    return std::move(*no);
  }
  if (!is_json(head)) return refusal(415, "send Content-Type: application/json");
  return TakeBody{body_bytes_max_};
}

std::optional<http::Response> Api::handle(const http::RequestHead& head, std::string body,
                                          gateway::Responder later) {
  if (head.path == "/health") return health_response(*gateway_, started_at_, wall_now());
  if (head.path == "/ready") return ready_response(*gateway_);
  if (head.path == "/metrics") return metrics_response(*gateway_, ingest_.counters(), dropped_log_lines_());
  if (head.path != "/v1/publish") {
    return ingest_.handle(head, body, std::move(later), *gateway_, wall_now());
  }
  auto events = read_publish_body(body, {settings_.batch_max, event_bytes_max_});
  if (!events) return refusal(events.error().status, events.error().message);
  return publish(*gateway_, std::move(*events), std::move(later));
}

}  // namespace carillon::server
