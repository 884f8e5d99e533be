// The open WebSockets: from the 101 to the end, and their replies. What clients send is in stream_input.cc.
#include "gateway/stream_sessions.h"

#include <string>
#include <utility>

#include "base/assert.h"
#include "base/soft_allocation.h"
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
  if (endpoint.receives_events() && parts_.audiences.subscribe_selected(index, endpoint, upgrade.selection) !=
                                        Audiences::Outcome::subscribed) {
    parts_.clients.close(index, CloseReason::internal, close_frame(endpoint.settings.limits.channels_close),
                         CloseMode::immediately);
    return;
  }
  if (endpoint.replies.has_open() && !send_open_frame(index, endpoint)) return;
  parts_.keepalive.start(index);
  if (!early.empty()) on_bytes(index, early);
}

// Events are sent from the loop's next slice on, and replies after it: so this frame is the first. Returns
// false when there is no memory for it and the client has been closed.
bool StreamSessions::send_open_frame(Index index, const protocol::Endpoint& endpoint) {
  const CommandClient client = command_client(index);
  const std::string id = parts_.clients.log().trace().connection_id(index);
  const std::string_view subject = client.identity ? client.identity->subject() : std::string_view();
  std::string payload;
  const auto render = [&] { endpoint.replies.open(id, subject, parts_.loop.wall_now(), payload); };
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
