// The open WebSockets: from the 101 to the end, and their replies. What clients send is in stream_input.cc.
#include "gateway/stream_sessions.h"

#include <memory>
#include <string>
#include <utility>

#include "base/assert.h"
#include "base/soft_allocation.h"
#include "gateway/record_replay.h"
#include "http/response.h"
#include "websocket/frame_writer.h"

namespace carillon::gateway {
namespace {

using client::close_frame;
using client::CloseMode;
using client::CloseReason;
using client::Connection;
using client::Inbound;
using client::State;

// While a client is not read, replies may exceed the outbox limit by this much.
constexpr std::size_t kBeyondOutboxMax = 16 * 1024;

}  // namespace

StreamSessions::StreamSessions(const Parts& parts)
    : parts_(parts),
      commands_(parts.audiences, *this, parts.shared.publisher, parts.loop, parts.clients.log().incidents(),
                parts.counters) {}

// --- from the 101 to the end --------------------------------------------------------------------

void StreamSessions::open(Index index, const protocol::Endpoint& endpoint, client::Upgrade upgrade) {
  std::string head;
  http::append_switching_protocols(head, upgrade.accept_key, upgrade.extensions, upgrade.subprotocol);
  if (!parts_.open_clients.enter(index, endpoint, upgrade, head)) return;
  if (endpoint.settings.inbound.rate.messages.value) {
    rates_.emplace(index, client::MessageRate(parts_.loop.now()));
  }
  std::string early = parts_.open_clients.end_exchange(index, endpoint);  // frames, right behind the head
  if (endpoint.receives_events() && !subscribe(index, endpoint, upgrade)) return;
  if (endpoint.replies.has_open() && !send_open_frame(index, endpoint)) return;
  parts_.keepalive.start(index);
  if (!early.empty()) on_bytes(index, early);
}

// Subscribes a new client to what its request selects, or asks for what it missed first. Returns false when
// it has been closed.
bool StreamSessions::subscribe(Index index, const protocol::Endpoint& endpoint,
                               const client::Upgrade& upgrade) {
  if (upgrade.position) {
    ResumeRequest request;
    request.position = *upgrade.position;
    request.channels = upgrade.selection.values;
    if (endpoint.source.has_tags()) request.tags = upgrade.selection.tags;
    parts_.resumes.begin({command_client(index).id, endpoint.primary(), {}, {}, upgrade.selection},
                         std::move(request));
    return true;
  }
  const auto outcome = parts_.audiences.subscribe_selected(index, endpoint, upgrade.selection);
  if (outcome == Audiences::Outcome::subscribed) return true;
  parts_.clients.close(index, CloseReason::internal, close_frame(endpoint.settings.limits.channels_close),
                       CloseMode::immediately);
  return false;
}

// Events are sent from the loop's next slice on, and replies after it: so this frame is the first. Returns
// false when there is no memory for it and the client has been closed.
bool StreamSessions::send_open_frame(Index index, const protocol::Endpoint& endpoint) {
  const CommandClient client = command_client(index);
  const std::string id = parts_.clients.log().trace().connection_id(index);
  const std::string_view subject = client.identity ? client.identity->subject() : std::string_view();
  std::string payload;
  // A client that waits for what it missed has not received the events up to this position.
  const std::string position =
      parts_.resumes.is_waiting(index) ? std::string() : position_of(parts_.audiences.last_event());
  const auto render = [&] { endpoint.replies.open(id, subject, position, parts_.loop.wall_now(), payload); };
  if (!try_allocate(endpoint.settings.frames.open.size() + subject.size(), render)) {
    close_for_memory(index);
    return false;
  }
  send_text(client.id, payload);
  return parts_.clients[index].state == State::open;
}

void StreamSessions::on_released(Index index) {
  rates_.erase(index);
  control_rate_.forget(index);
}

// --- subscriptions that ask for what they missed ------------------------------------------------

void StreamSessions::begin_resume(const CommandClient& client, const protocol::Command& command) {
  ResumeRequest request;
  request.channels = {command.channel};
  if (command.position) request.position = *command.position;
  request.last = command.last.value_or(0);
  const bool is_history = command.kind == protocol::Command::Kind::history;
  if (is_history) request.page_bytes_max = client.endpoint.settings.commands.history.bytes_max;
  parts_.resumes.begin(
      {client.id, client.endpoint.primary(), command.channel, std::string(command.request), {}, is_history},
      std::move(request));
}

void StreamSessions::finish_resume(const WaitingSubscription& subscription, ResumeAnswer answer) {
  const CommandClient client = command_client(subscription.client.index);
  if (!subscription.is_by_command()) {
    finish_selection(client, subscription.selection, std::move(answer));
    return;
  }
  protocol::Command command;
  command.kind = protocol::Command::Kind::subscribe;
  command.channel = subscription.channel;
  command.request = subscription.request;
  if (subscription.is_history) {
    commands_.finish_history(client, command, answer);
  } else {
    commands_.finish_subscribe(client, command, std::move(answer));
  }
}

void StreamSessions::finish_selection(const CommandClient& client, const protocol::Selection& selection,
                                      ResumeAnswer answer) {
  client::Upgrade upgrade;
  upgrade.selection = selection;
  if (!subscribe(client.id.index, client.endpoint, upgrade)) return;
  if (answer.outcome != ResumeOutcome::recovered) report_gap(client, {}, name_of(answer.outcome));
  if (!answer.events.empty()) replay(client.id, std::move(answer.events));
}

void StreamSessions::replay(client::ClientId client, history::Records events) {
  if (parts_.clients[client.index].state != State::open) return;  // its reply has closed it
  auto missed = std::make_unique<RecordReplay>(
      std::move(events), endpoint_of(client.index).format().encoder(), parts_.shared.epoch);
  parts_.fan_out.replay(client.index, std::move(missed), parts_.loop.now());
}

void StreamSessions::report_gap(const CommandClient& client, std::string_view channel,
                                std::string_view reason) {
  if (parts_.clients[client.id.index].state != State::open) return;
  std::string payload;
  if (client.endpoint.replies.gap({.channel = channel, .reason = reason}, parts_.loop.wall_now(), payload)) {
    send_text(client.id, payload);
    return;
  }
  parts_.clients.close(client.id.index, CloseReason::not_recovered,
                       close_frame(client.endpoint.settings.source.gap), CloseMode::immediately);
}

void StreamSessions::sweep(MonoTime now) {
  inflater_.trim();
  control_rate_.sweep(now);
}

// --- replies out --------------------------------------------------------------------------------

bool StreamSessions::send_text(client::ClientId client, std::string_view payload) {
  std::string frame;
  if (!try_reserve(frame, payload.size() + websocket::kServerHeaderBytesMax)) {
    close_for_memory(client.index);
    return false;
  }
  websocket::append_frame(frame, websocket::Opcode::text, payload);
  return reply(client.index, frame);
}

bool StreamSessions::send_late(client::ClientId client, std::string_view payload, std::size_t beyond) {
  const std::size_t bytes = payload.size() + websocket::kServerHeaderBytesMax;
  if (!parts_.fan_out.outbox_has_room(client.index, bytes, beyond)) return false;
  std::string frame;
  const auto send = [&] {
    websocket::append_frame(frame, websocket::Opcode::text, payload);
    parts_.clients.send(client.index, frame, fanout::OutboxLimit::ignored);
  };
  if (!try_allocate(2 * bytes, send)) {
    close_for_memory(client.index);
  } else if (!parts_.fan_out.outbox_has_room(client.index, 1)) {
    parts_.clients.pause(client.index);
  }
  return true;
}

std::optional<CommandClient> StreamSessions::find_open(client::ClientId client) {
  const Connection* const connection = parts_.clients.table().find(client.index, client.generation);
  if (!connection || connection->state != State::open) return std::nullopt;
  return command_client(client.index);
}

CommandClient StreamSessions::command_client(Index index) const {
  const Connection& connection = parts_.clients[index];
  return {{index, connection.generation}, endpoint_of(index), connection.identity.get()};
}

// Returns false when the outbox is full: the client is not read until it has room. The reply is queued
// nevertheless, because it must come before the events of a subscription that it confirms.
bool StreamSessions::reply(Index index, std::string_view frame) {
  const bool was_paused = parts_.clients[index].paused;
  // A reply to a paused client answers no message that was just read (it is a refusal by the bus, for
  // example), and there may be many.
  if (was_paused && !parts_.fan_out.outbox_has_room(index, frame.size(), kBeyondOutboxMax)) {
    parts_.counters.replies_dropped.add();
    return false;
  }
  const bool has_room = !was_paused && parts_.fan_out.outbox_has_room(index, frame.size());
  const auto send = [&] { parts_.clients.send(index, frame, fanout::OutboxLimit::ignored); };
  if (!try_allocate(frame.size(), send)) {
    close_for_memory(index);
    return false;
  }
  if (!has_room) parts_.clients.pause(index);
  return has_room;
}

void StreamSessions::resume(Index index) {
  Connection& connection = parts_.clients[index];
  CARILLON_ASSERT(connection.state == State::open && !connection.paused);
  if (!parts_.fan_out.outbox_has_room(index, 1)) {
    parts_.clients.pause(index);
    return;
  }
  if (!connection.readable) return;
  connection.readable = false;
  parts_.clients.read_later(index, client::ReadQueue::Lane::rest);
}

}  // namespace carillon::gateway
