#include "gateway/event_streams.h"

#include <memory>
#include <utility>

#include "base/soft_allocation.h"
#include "client/cors.h"
#include "gateway/record_replay.h"
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
  if (endpoint.replies.has_open() && !send_open_message(index, endpoint, upgrade)) return;
  if (upgrade.position) {
    wait_for_history(index, endpoint, std::move(upgrade));
  } else if (!subscribe(index, endpoint, upgrade.selection, nullptr)) {
    return;
  }
  parts_.keepalive.start(index);
  if (!early.empty()) on_bytes(index, early.size());
}

void EventStreams::wait_for_history(Index index, const protocol::Endpoint& endpoint,
                                    client::Upgrade upgrade) {
  ResumeRequest request;
  request.position = std::move(*upgrade.position);
  request.channels = upgrade.selection.values;
  if (endpoint.source.has_tags()) request.tags = upgrade.selection.tags;
  const client::ClientId client{index, parts_.clients[index].generation};
  parts_.resumes.begin({client, endpoint.primary(), {}, {}, std::move(upgrade.selection)},
                       std::move(request));
}

void EventStreams::finish_resume(const WaitingSubscription& subscription, ResumeAnswer answer) {
  const Index index = subscription.client.index;
  const protocol::Endpoint& endpoint = parts_.clients.endpoint_of(index);
  if (answer.number == 0) answer.number = parts_.audiences.last_event();  // it came without the history's
  if (!subscribe(index, endpoint, subscription.selection, &answer) || answer.events.empty()) return;
  auto replay = std::make_unique<RecordReplay>(std::move(answer.events), endpoint.format().encoder(),
                                               parts_.shared.epoch);
  parts_.fan_out.replay(index, std::move(replay), parts_.loop.now());
}

// Returns false when the client has been closed.
bool EventStreams::subscribe(Index index, const protocol::Endpoint& endpoint,
                             const protocol::Selection& selection, const ResumeAnswer* answer) {
  if (parts_.audiences.subscribe_selected(index, endpoint, selection) != Audiences::Outcome::subscribed) {
    close_as(index, CloseReason::internal);
    return false;
  }
  if (!endpoint.has_history()) return true;
  std::string bytes;
  bool is_reported = true;
  const auto render = [&] { is_reported = append_standing(index, selection, answer, bytes); };
  if (!try_allocate(endpoint.settings.commands.subscribe.reply.size() * selection.values.size(), render)) {
    close_as(index, CloseReason::internal);
    return false;
  }
  if (!is_reported) {
    close_as(index, CloseReason::not_recovered);
    return false;
  }
  parts_.clients.send(index, bytes, fanout::OutboxLimit::ignored);
  return true;
}

// Appends where the subscriptions stand before the first event: each of them by itself, and the position that
// is good for all. Returns false when the protocol has no frame for what is missing.
bool EventStreams::append_standing(Index index, const protocol::Selection& selection,
                                   const ResumeAnswer* answer, std::string& out) {
  const protocol::Endpoint& endpoint = parts_.clients.endpoint_of(index);
  const auto& identity = parts_.clients[index].identity;
  const std::uint64_t number = answer ? answer->number : parts_.audiences.last_event();
  const std::string now = parts_.resumes.position_of(number);
  const std::string before_missed = answer ? parts_.resumes.position_of(answer->begins_after()) : now;
  protocol::ReplyValues values{.now = parts_.loop.wall_now(), .request = "null"};
  if (identity) values.subject = identity->subject();
  bool is_reported = true;
  const bool has_channels = endpoint.settings.select.by == config::SelectBy::commands;
  for (std::size_t i = 0; has_channels && i < selection.values.size(); ++i) {
    const ResumeOutcome outcome = answer ? answer->outcome_of(i) : ResumeOutcome::recovered;
    const bool recovered = outcome == ResumeOutcome::recovered;
    values.channel = selection.values[i];
    values.position = recovered ? before_missed : now;
    if (answer) values.recovered = recovered;
    values.reason = recovered ? std::string_view() : name_of(outcome);
    is_reported = append_channel(endpoint, values, out) && is_reported;
  }
  if (!has_channels && answer && answer->outcome != ResumeOutcome::recovered) {
    is_reported = append_gap(endpoint, {.reason = name_of(answer->outcome)}, out);
  }
  if (!before_missed.empty()) endpoint.format().append_position(out, before_missed);
  return is_reported;
}

// Appends what a subscribe command for this channel would be answered.
bool EventStreams::append_channel(const protocol::Endpoint& endpoint, const protocol::ReplyValues& values,
                                  std::string& out) {
  if (const json::Template* const reply = endpoint.commands.subscribed()) {
    std::string payload;
    render_reply(*reply, values, payload);
    endpoint.format().append_message(out, payload);
  }
  if (values.reason.empty() || endpoint.commands.reports_recovery()) return true;
  return append_gap(endpoint, {.channel = values.channel, .reason = values.reason}, out);
}

bool EventStreams::append_gap(const protocol::Endpoint& endpoint, const protocol::GapValues& values,
                              std::string& out) {
  std::string payload;
  if (!endpoint.replies.gap(values, parts_.loop.wall_now(), payload)) return false;
  endpoint.format().append_message(out, payload);
  return true;
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
bool EventStreams::send_open_message(Index index, const protocol::Endpoint& endpoint,
                                     const client::Upgrade& upgrade) {
  const auto& identity = parts_.clients[index].identity;
  const std::string id = parts_.clients.log().trace().connection_id(index);
  const std::string_view subject = identity ? identity->subject() : std::string_view();
  std::string bytes;
  // A client that waits for what it missed has not received the events up to this position.
  std::string position;
  if (endpoint.has_history() && !upgrade.position) {
    position = parts_.resumes.position_of(parts_.audiences.last_event());
  }
  const auto render = [&] {
    std::string payload;
    endpoint.replies.open(id, subject, position, parts_.loop.wall_now(), payload);
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
