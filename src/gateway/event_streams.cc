#include "gateway/event_streams.h"

#include <utility>

#include "base/soft_allocation.h"
#include "client/cors.h"
#include "http/response.h"

namespace carillon::gateway {
namespace {

using client::CloseMode;
using client::CloseReason;

}  // namespace

void EventStreams::open(Index index, const protocol::Endpoint& endpoint, client::Upgrade upgrade) {
  const std::string head = head_for(endpoint, parts_.clients[index].exchange().head);
  if (!parts_.open_clients.enter(index, endpoint, upgrade, head)) return;
  const std::string early = parts_.open_clients.end_exchange(index, endpoint);
  // Here a resume begins, once events have positions.
  if (parts_.audiences.subscribe_selected(index, endpoint, upgrade.selection) !=
      Audiences::Outcome::subscribed) {
    close_as(index, CloseReason::internal);
    return;
  }
  if (endpoint.replies.has_open() && !send_open_message(index, endpoint)) return;
  parts_.keepalive.start(index);
  if (!early.empty()) on_bytes(index, early.size());
}

// The head of the response, and the first bytes of its body. The response has no length and is not chunked:
// it ends with the connection, as HTTP/1.0 clients expect it too (RFC 9112 section 6.3).
std::string EventStreams::head_for(const protocol::Endpoint& endpoint, const http::RequestHead& request) {
  http::Response response;
  response.content_type = endpoint.format().content_type();
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Accel-Buffering", "no");  // nginx sends each event at once
  client::add_cors_headers(endpoint, request, response.headers);
  std::string bytes;
  http::append_stream_head(bytes, response, date_.at(parts_.loop.wall_now()));
  endpoint.format().append_retry(bytes, endpoint.settings.streams.sse_retry);
  return bytes;
}

// Events are sent from the loop's next slice on, so this message is the first. Returns false when there is no
// memory for it and the client has been closed.
bool EventStreams::send_open_message(Index index, const protocol::Endpoint& endpoint) {
  const auto& identity = parts_.clients[index].identity;
  const std::string id = parts_.clients.log().trace().connection_id(index);
  const std::string_view subject = identity ? identity->subject() : std::string_view();
  std::string bytes;
  const auto render = [&] {
    std::string payload;
    endpoint.replies.open(id, subject, {}, parts_.loop.wall_now(), payload);
    endpoint.format().append_message(bytes, payload);
  };
  if (!try_allocate(endpoint.settings.frames.open.size() + subject.size(), render)) {
    close_as(index, CloseReason::internal);
    return false;
  }
  parts_.clients.send(index, bytes, fanout::OutboxLimit::ignored);
  return true;
}

void EventStreams::on_bytes(Index index, std::size_t bytes) {
  std::size_t& ignored = ignored_[index];
  ignored += bytes;
  if (ignored > kIgnoredBytesMax) close_as(index, CloseReason::protocol_error);
}

void EventStreams::close_as(Index index, CloseReason why) {
  parts_.clients.close(index, why, {}, CloseMode::immediately);
}

}  // namespace carillon::gateway
