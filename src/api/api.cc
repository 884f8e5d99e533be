#include "api/api.h"

#include <algorithm>
#include <vector>

#include "api/health.h"
#include "api/key_check.h"
#include "api/metrics.h"
#include "api/refusals.h"

namespace carillon::api {
namespace {

// A GET may bring a body that means nothing (RFC 9110 section 9.3.1). This much of it is read and thrown
// away.
constexpr std::size_t kIgnoredBodyBytesMax = 4096;

}  // namespace

Result<std::unique_ptr<Api>> Api::create(const config::Settings& settings, RandomBytes random) {
  auto routes = Routes::compile(settings);
  if (!routes) return tl::unexpected(routes.error());
  return std::unique_ptr<Api>(new Api(settings, std::move(*routes), std::move(random)));
}

Api::Api(const config::Settings& settings, Routes routes, RandomBytes random)
    : settings_(settings.api),
      body_bytes_max_(settings.server.body_bytes_max),
      event_bytes_max_(settings.bus.event_bytes_max),
      ingest_(std::move(routes), {body_bytes_max_, event_bytes_max_}, std::move(random),
              publish_counters_.unrouted) {}

void Api::attach(gateway::Node& node, MonoTime started_at) {
  node_ = &node;
  started_at_ = started_at;
}

client::HttpHandler::Judgement Api::judge(const http::RequestHead& head, const client::Requester& requester) {
  // The raw path: "/%68ealth" is not "/health", or it would pass by a proxy that hides the latter.
  if (head.raw_path == "/v1/publish") return judge_publish(head, requester);
  if (!is_essential(head)) {
    return ingest_.judge(head, requester, node_);
  }
  if (head.method != "GET" && head.method != "HEAD") return method_not_allowed("GET, HEAD");
  return TakeBody{std::min(kIgnoredBodyBytesMax, body_bytes_max_)};
}

bool Api::is_essential(const http::RequestHead& head) const {
  return head.raw_path == "/health" || head.raw_path == "/ready" || head.raw_path == "/metrics";
}

client::HttpHandler::Judgement Api::judge_publish(const http::RequestHead& head,
                                                  const client::Requester& requester) {
  const auto refuse = [this](PublishRefusal reason, http::Response response, std::string detail) {
    return refused(publish_counters_, reason, std::move(response), std::move(detail));
  };
  if (head.method != "POST") return refuse(PublishRefusal::method, method_not_allowed("POST"), "");
  if (settings_.keys.empty()) {
    return refuse(PublishRefusal::off,
                  refusal(403, "publishing over HTTP is off: set api.keys or CARILLON_API_KEY"), "");
  }
  std::vector<std::string_view> presented;
  if (const auto bearer = bearer_of(head)) presented.push_back(*bearer);
  constexpr std::string_view kAdvice = "send the API key as Authorization: Bearer <key>";
  if (auto no = judge_key(presented, settings_.keys, kAdvice, node_->key_guesses(), requester)) {
    const auto reason = no->status == 429 ? PublishRefusal::wrong_keys : PublishRefusal::key;
    return refuse(reason, std::move(*no), presented.empty() ? "no API key" : "wrong API key");
  }
  if (!is_json(head)) {
    return refuse(PublishRefusal::content_type, refusal(415, "send Content-Type: application/json"), "");
  }
  return TakeBody{body_bytes_max_};
}

std::optional<http::Response> Api::handle(const http::RequestHead& head, std::string body,
                                          const client::Requester& requester, client::Responder later) {
  if (head.raw_path == "/health")
    return health_response(*node_, started_at_, {requester.wall_now, requester.now});
  if (head.raw_path == "/ready") return ready_response(*node_);
  if (head.raw_path == "/metrics") {
    return metrics_response(*node_, {publish_counters_, ingest_.counters()}, dropped_log_lines_());
  }
  if (head.raw_path != "/v1/publish") {
    return ingest_.handle(head, body, std::move(later), *node_, requester.wall_now);
  }
  auto events = read_publish_body(body, {settings_.batch_max, event_bytes_max_});
  if (!events) {
    const PublishFault& why = events.error();
    return refused(publish_counters_, why.reason, refusal(why.status, why.message), why.message);
  }
  return publish(*node_, publish_counters_, std::move(*events), std::move(later));
}

}  // namespace carillon::api
