#include "api/api.h"

#include <algorithm>
#include <vector>

#include "api/health.h"
#include "api/key_check.h"
#include "api/refusals.h"
#include "client/tls_contexts.h"

namespace carillon::api {
namespace {

// A GET may bring a body that means nothing (RFC 9110 section 9.3.1). This much of it is read and thrown
// away.
constexpr std::size_t kIgnoredBodyBytesMax = 4096;

PublishRefusal reason_of(ApiKeyFault why) {
  switch (why) {
    case ApiKeyFault::off:
      return PublishRefusal::off;
    case ApiKeyFault::wrong_keys:
      return PublishRefusal::wrong_keys;
    case ApiKeyFault::key:
      break;
  }
  return PublishRefusal::key;
}

}  // namespace

Result<std::unique_ptr<Api>> Api::create(const config::Settings& settings, RandomBytes random) {
  auto routes = Routes::compile(settings);
  if (!routes) return tl::unexpected(routes.error());
  return std::unique_ptr<Api>(new Api(settings, std::move(*routes), std::move(random)));
}

Api::Api(const config::Settings& settings, Routes routes, RandomBytes random)
    : current_(current_of(settings)),
      ingest_(std::move(routes), {settings.server.body_bytes_max, settings.bus.event_bytes_max},
              std::move(random), publish_counters_) {}

Api::Current Api::current_of(const config::Settings& settings) {
  return {settings.api, settings.server.body_bytes_max, settings.bus.event_bytes_max,
          client::certificate_expiries(settings.server.listen), limits_shown(settings)};
}

Result<std::monostate> Api::use(const config::Settings& settings) {
  auto routes = Routes::compile(settings);
  if (!routes) return tl::unexpected(routes.error());
  ingest_.replace(std::move(*routes), {settings.server.body_bytes_max, settings.bus.event_bytes_max});
  current_.replace(current_of(settings));
  return std::monostate{};
}

void Api::attach(gateway::Node& node, MonoTime started_at) {
  node_ = &node;
  started_at_ = started_at;
}

client::HttpHandler::Judgement Api::judge(const http::RequestHead& head, const client::Requester& requester) {
  // The raw path: "/%68ealth" is not "/health", or it would pass by a proxy that hides the latter.
  if (head.raw_path == "/v1/publish") return judge_publish(head, requester);
  if (ChannelHistory::has_path(head)) {
    auto refused = channel_history_.judge(head, requester, current_.get()->settings.keys, node_);
    if (refused) return std::move(*refused);
  } else if (!is_essential(head)) {
    return ingest_.judge(head, requester, node_);
  } else if (head.method != "GET" && head.method != "HEAD") {
    return method_not_allowed("GET, HEAD");
  }
  return TakeBody{std::min(kIgnoredBodyBytesMax, current_.get()->body_bytes_max)};
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
  const auto current = current_.get();
  if (auto no = judge_api_key(head, current->settings.keys, "publishing over HTTP", node_, requester)) {
    return refuse(reason_of(no->why), std::move(no->response), std::string(no->detail));
  }
  if (!is_json(head)) {
    return refuse(PublishRefusal::content_type, refusal(415, "send Content-Type: application/json"), "");
  }
  return TakeBody{current->body_bytes_max};
}

std::optional<http::Response> Api::essential(std::string_view path, const Moment& now) {
  if (path == "/health") return health_response(*node_, reloads_.get(), started_at_, now);
  if (path == "/ready") return ready_response(*node_);
  if (path != "/metrics") return std::nullopt;
  const auto current = current_.get();
  return metrics_response(*node_,
                          {publish_counters_, ingest_.counters(), channel_history_.counters(), reloads_.get(),
                           admin_counters_, current->certificate_expiries, current->limits},
                          dropped_log_lines_());
}

std::optional<http::Response> Api::handle(const http::RequestHead& head, std::string body,
                                          const client::Requester& requester, client::Responder later) {
  if (auto shown = essential(head.raw_path, {requester.wall_now, requester.now})) return shown;
  if (ChannelHistory::has_path(head)) return channel_history_.handle(head, std::move(later), *node_);
  if (head.raw_path != "/v1/publish") {
    return ingest_.handle(head, body, requester, std::move(later), *node_);
  }
  const auto current = current_.get();
  auto events = read_publish_body(body, {current->settings.batch_max, current->event_bytes_max});
  if (!events) {
    const PublishFault& why = events.error();
    return refused(publish_counters_, why.reason, refusal(why.status, why.message), why.message);
  }
  return publish(*node_, publish_counters_, std::move(*events), requester.now, std::move(later));
}

}  // namespace carillon::api
