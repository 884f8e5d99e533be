#include "client/keepalive.h"

#include <algorithm>

namespace carillon::client {
namespace {

constexpr auto kGraceAfterStall = seconds(5);
// The wall clock may step, so a distant `exp` is checked again after at most this time.
constexpr auto kExpiryLook = seconds(10);
constexpr auto kPingLookMax = milliseconds(1000);
constexpr auto kPingLookMin = milliseconds(10);
// How long the bytes queued before a ping may take at the client's present speed.
constexpr auto kBeforePingMax = seconds(600);

std::uint32_t ms_of(milliseconds duration) { return static_cast<std::uint32_t>(duration.count()); }

// The time until a wrapping moment; negative when it is past.
std::int32_t until(std::uint32_t due_ms, std::uint32_t now_ms) {
  return static_cast<std::int32_t>(due_ms - now_ms);
}

// How often to check whether an unanswered ping has reached its client.
milliseconds ping_look_every(const config::EndpointSettings::KeepaliveSettings& keepalive) {
  milliseconds shortest = kPingLookMax * 4;
  if (keepalive.ping) shortest = std::min(shortest, *keepalive.ping);
  if (keepalive.timeout) shortest = std::min(shortest, *keepalive.timeout);
  return std::max(shortest / 4, kPingLookMin);
}

// The later of two wrapping moments.
std::uint32_t later(std::uint32_t a_ms, std::uint32_t b_ms) { return until(a_ms, b_ms) > 0 ? a_ms : b_ms; }

}  // namespace

void Keepalive::start(Index index) {
  Connection& connection = clients_[index];
  const auto& keepalive = clients_.endpoint_of(index).transport.keepalive;
  const std::uint32_t now = wrapping_ms(loop_.now());
  if (keepalive.ping) connection.ping_due_ms = now + ms_of(*keepalive.ping);
  if (keepalive.timeout) connection.pong_due_ms = now + ms_of(*keepalive.timeout);
  if (keepalive.frame) connection.frame_due_ms = now + ms_of(*keepalive.frame);
  schedule(index);
}

void Keepalive::restart(const protocol::Endpoint& endpoint) {
  for (Index index = 0; index < clients_.table().slots(); ++index) {
    Connection& connection = clients_[index];
    if (connection.state != State::open || connection.endpoint != endpoint.index) continue;
    connection.pong_awaited = false;
    connection.ping_in_doubt = false;
    clients_.acks().forget(index);
    start(index);
  }
}

void Keepalive::on_pong(Index index) {
  Connection& connection = clients_[index];
  const auto& keepalive = clients_.endpoint_of(index).transport.keepalive;
  // The timer stays where it is; it finds the new deadline when it fires.
  if (keepalive.timeout) connection.pong_due_ms = wrapping_ms(loop_.now()) + ms_of(*keepalive.timeout);
  connection.pong_awaited = false;
  connection.ping_in_doubt = false;
  clients_.acks().forget(index);
}

void Keepalive::on_deadline(Index index) {
  if (clients_[index].ping_in_doubt) look_for_ping(index);
  if (close_if_expired(index) || drop_if_silent(index)) return;
  Connection& connection = clients_[index];
  const protocol::Endpoint& endpoint = clients_.endpoint_of(index);
  const auto& keepalive = endpoint.transport.keepalive;
  const std::uint32_t now = wrapping_ms(loop_.now());
  // The next one is due a whole interval after the last was due, or after now when the process was stalled.
  const auto is_due = [now](std::uint32_t& due_ms, const std::optional<milliseconds>& every) {
    if (!every || until(due_ms, now) > 0) return false;
    due_ms += ms_of(*every);
    if (until(due_ms, now) <= 0) due_ms = now + ms_of(*every);
    return true;
  };
  std::string bytes;
  // One ping at a time: a second one would only be queued behind the first.
  const bool pings = is_due(connection.ping_due_ms, keepalive.ping) && !connection.ping_in_doubt;
  if (pings) {
    // A WebSocket's ping has no place for it.
    const std::string position = endpoint.is_stream() ? streams_.safe_position(index) : std::string();
    endpoint.format().append_heartbeat(bytes, position);
  }
  if (is_due(connection.frame_due_ms, keepalive.frame)) {
    std::string payload;
    endpoint.replies.ping(streams_.safe_position(index), loop_.wall_now(), payload);
    endpoint.format().append_message(bytes, payload);
  }
  const bool taken = bytes.empty() || clients_.send(index, bytes);
  if (pings && !connection.pong_awaited) {
    // Without room in the outbox the ping is sent once the bytes there have been sent.
    connection.pong_awaited = taken;
    connection.ping_in_doubt = true;
  }
  schedule(index);
}

void Keepalive::note_stall(MonoTime now) { grace_until_ = now + kGraceAfterStall; }

// The deadline for a pong starts when the ping has reached the client. It is extended while the client
// acknowledges the bytes queued before the ping, and runs while it acknowledges nothing.
void Keepalive::look_for_ping(Index index) {
  Connection& connection = clients_[index];
  const protocol::Endpoint& endpoint = clients_.endpoint_of(index);
  const auto& keepalive = endpoint.transport.keepalive;
  const SendState state = clients_.send_state(index);
  const std::uint32_t now = wrapping_ms(loop_.now());
  const auto put_off = [&](milliseconds pong, milliseconds ping) {
    if (keepalive.timeout) connection.pong_due_ms = later(connection.pong_due_ms, now + ms_of(pong));
    if (keepalive.drop_unanswered) connection.ping_due_ms = later(connection.ping_due_ms, now + ms_of(ping));
  };
  const bool is_there = state.waiting == 0 && !clients_.acks().is_watched(index);
  const auto found =
      is_there ? AckWatch::Found::arrived : clients_.acks().look(index, state, loop_.now(), kBeforePingMax);
  switch (found) {
    case AckWatch::Found::begun:
      put_off(ping_look_every(keepalive) * 2, ping_look_every(keepalive) * 2);
      return;
    case AckWatch::Found::stuck:
      return;
    case AckWatch::Found::arrived:
      if (endpoint.is_stream()) {
        on_acknowledged(index);
        return;
      }
      connection.ping_in_doubt = false;
      clients_.acks().forget(index);
      if (!connection.pong_awaited) connection.ping_due_ms = now;  // the outbox has room for it now
      if (is_there) return;
      break;
    case AckWatch::Found::moving:
      break;
  }
  put_off(keepalive.timeout.value_or(milliseconds(0)), keepalive.ping.value_or(milliseconds(0)));
}

// A client of a stream sends no pong: its system has received the heartbeat.
void Keepalive::on_acknowledged(Index index) {
  Connection& connection = clients_[index];
  const bool was_sent = connection.pong_awaited;
  on_pong(index);
  if (!was_sent) connection.ping_due_ms = wrapping_ms(loop_.now());  // the outbox has room for it now
}

// Drops a client that has not answered in time, or not by the next ping; returns whether it did anything.
bool Keepalive::drop_if_silent(Index index) {
  Connection& connection = clients_[index];
  const protocol::Endpoint& endpoint = clients_.endpoint_of(index);
  const auto& keepalive = endpoint.transport.keepalive;
  const std::uint32_t now = wrapping_ms(loop_.now());
  const bool too_late = keepalive.timeout && until(connection.pong_due_ms, now) <= 0;
  const bool unanswered =
      keepalive.drop_unanswered && connection.pong_awaited && until(connection.ping_due_ms, now) <= 0;
  if (!too_late && !unanswered) return false;
  if (loop_.now() < grace_until_) {
    // The process was not running; pongs may wait in the receive buffers.
    connection.pong_due_ms = wrapping_ms(grace_until_);
    connection.pong_awaited = false;
    connection.ping_in_doubt = false;
    clients_.acks().forget(index);
    return false;
  }
  const std::int32_t left = until(too_late ? connection.pong_due_ms : connection.ping_due_ms, now);
  if (clients_.put_off_for_unread(index, milliseconds(-left)))
    return true;  // its pong may be among the unread bytes
  clients_.log().write(index, LogLevel::warning, endpoint.settings.log.unresponsive);
  clients_.close(index, CloseReason::ping_timeout, {},
                 CloseMode::reset);  // no close frame: the client would not read it
  return true;
}

bool Keepalive::close_if_expired(Index index) {
  const Connection& connection = clients_[index];
  const protocol::Endpoint& endpoint = clients_.endpoint_of(index);
  const auto code = endpoint.settings.auth.close_at_exp;
  if (!code || !connection.identity || !connection.identity->expires_at()) return false;
  if (loop_.wall_now() < *connection.identity->expires_at()) return false;
  std::string payload;
  if (endpoint.replies.expired(loop_.wall_now(), payload)) {
    std::string message;
    endpoint.format().append_message(message, payload);
    clients_.send(index, message, fanout::OutboxLimit::ignored);  // the last one, as the close frame is
  }
  clients_.close(index, CloseReason::token_expired,
                 last_bytes(endpoint, {*code, endpoint.settings.auth.expired_reason}),
                 CloseMode::after_events);
  return true;
}

void Keepalive::schedule(Index index) {
  const Connection& connection = clients_[index];
  const protocol::Endpoint& endpoint = clients_.endpoint_of(index);
  const auto& keepalive = endpoint.transport.keepalive;
  const std::uint32_t now = wrapping_ms(loop_.now());
  std::optional<milliseconds> next;
  const auto consider = [&next](milliseconds wait) { next = next ? std::min(*next, wait) : wait; };
  if (keepalive.ping) consider(milliseconds(until(connection.ping_due_ms, now)));
  if (connection.ping_in_doubt) consider(ping_look_every(keepalive));
  if (keepalive.frame) consider(milliseconds(until(connection.frame_due_ms, now)));
  if (keepalive.timeout) consider(milliseconds(until(connection.pong_due_ms, now)));
  if (endpoint.settings.auth.close_at_exp && connection.identity && connection.identity->expires_at()) {
    const milliseconds left = *connection.identity->expires_at() - loop_.wall_now();
    consider(std::min<milliseconds>(left, kExpiryLook));
  }
  if (next) {
    clients_.set_deadline(index, std::max(*next, milliseconds(1)));
  } else {
    clients_.wheel().cancel(index);
  }
}

}  // namespace carillon::client
