#include "client/stream_request.h"

#include <string>
#include <utility>
#include <vector>

#include "client/cors.h"
#include "event/channel_name.h"

namespace carillon::client {
namespace {

Refused refused(RefusalReason reason, int status, std::string_view message, std::string_view detail) {
  return {reason, http::error_response(status, message), std::string(detail)};
}

bool has_body(const http::RequestHead& head) {
  return head.body == http::BodyKind::chunked || head.content_length.value_or(0) > 0;
}

}  // namespace

std::variant<http::Response, Refused> judge_other_method(const protocol::Endpoint& endpoint,
                                                         const http::RequestHead& head) {
  const bool has_streams = endpoint.settings.streams.has_streams();
  if (has_streams && head.method == "OPTIONS") {
    if (!admits_preflight(endpoint, head)) {
      return refused(RefusalReason::origin, 403, endpoint.settings.refusals.origin, {});
    }
    http::Response response = preflight_response(endpoint, head);
    if (head.body != http::BodyKind::none) response.keep_alive = http::KeepAlive::close;  // it is not read
    return response;
  }
  Refused refused{RefusalReason::method_not_allowed, http::upgrade_refusal(http::UpgradeFault::not_get), {}};
  if (has_streams) refused.response.headers = {{"Allow", std::string(kStreamMethods)}};
  return refused;
}

std::optional<Refused> refuse_stream(const protocol::Endpoint& endpoint, const http::RequestHead& head) {
  const config::RefusalMessages& messages = endpoint.settings.refusals;
  if (head.has_token("Connection", "upgrade") && head.has_token("Upgrade", "websocket")) {
    return refused(RefusalReason::bad_upgrade, 400, messages.no_websocket, {});
  }
  if (has_body(head)) return refused(RefusalReason::bad_request, 400, messages.stream_body, {});
  return std::nullopt;
}

std::optional<Refused> select_channels(const protocol::Endpoint& endpoint, const http::RequestHead& head,
                                       const auth::Identity* identity, protocol::Selection& out) {
  const config::EndpointSettings& settings = endpoint.settings;
  const auto bad = [&](std::string_view detail) {
    return refused(RefusalReason::bad_request, 400, settings.refusals.bad_selection, detail);
  };
  auto channels = protocol::listed_values(head.query, settings.streams.channels_parameter());
  if (!channels) return bad("the query cannot be read");
  if (channels->size() > settings.limits.channels) return bad("more channels than limits.channels");
  if (channels->empty() && settings.source.broadcast.empty()) return bad("no channel is listed");
  for (const std::string& channel : *channels) {
    if (channel_name_fault(channel) != ChannelNameFault::none || endpoint.source.is_reserved(channel)) {
      return bad("a name that is no channel's");
    }
    if (identity && !identity->permits(channel)) {
      return refused(RefusalReason::channel, 403, settings.refusals.channel, {});
    }
  }
  out.values = std::move(*channels);
  return std::nullopt;
}

}  // namespace carillon::client
