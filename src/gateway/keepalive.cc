// Pings, the deadline for their pongs, and the token's `exp`: one timer a connection, for whichever
// comes first.
#include <algorithm>

#include "gateway/shard.h"
#include "websocket/frame_writer.h"

namespace carillon::gateway {
namespace {

// A stall is the process not running (SIGSTOP, a frozen machine), not a busy turn.
constexpr auto kStall = milliseconds(1000);
constexpr auto kGraceAfterStall = seconds(5);
constexpr auto kLagCheckAfterStall = milliseconds(500);
// The wall clock may step, so a distant `exp` is looked at again.
constexpr auto kExpiryLook = seconds(10);

std::uint32_t ms_of(milliseconds duration) { return static_cast<std::uint32_t>(duration.count()); }

// How long until a wrapping moment; negative when it is past.
std::int32_t until(std::uint32_t due_ms, std::uint32_t now_ms) {
  return static_cast<std::int32_t>(due_ms - now_ms);
}

}  // namespace

void Shard::start_keepalive(Index index) {
  Connection& connection = connections_[index];
  const auto& keepalive = shared_.endpoints[connection.endpoint].settings.keepalive;
  const std::uint32_t now = wrapping_ms(loop_.now());
  if (keepalive.ping) connection.ping_due_ms = now + ms_of(*keepalive.ping);
  if (keepalive.timeout) connection.pong_due_ms = now + ms_of(*keepalive.timeout);
  if (keepalive.frame) connection.frame_due_ms = now + ms_of(*keepalive.frame);
  schedule_keepalive(index);
}

void Shard::heard_pong(Connection& connection) {
  const auto& keepalive = shared_.endpoints[connection.endpoint].settings.keepalive;
  // The timer stays where it is: when it fires it finds the deadline moved.
  if (keepalive.timeout) connection.pong_due_ms = wrapping_ms(loop_.now()) + ms_of(*keepalive.timeout);
  connection.pong_awaited = false;
}

void Shard::on_keepalive_timer(Index index) {
  if (close_if_expired(index) || drop_if_silent(index)) return;
  Connection& connection = connections_[index];
  const auto& keepalive = shared_.endpoints[connection.endpoint].settings.keepalive;
  const std::uint32_t now = wrapping_ms(loop_.now());
  // The next one a whole interval after the last was due; after a stall, after now.
  const auto is_due = [now](std::uint32_t& due_ms, const std::optional<milliseconds>& every) {
    if (!every || until(due_ms, now) > 0) return false;
    due_ms += ms_of(*every);
    if (until(due_ms, now) <= 0) due_ms = now + ms_of(*every);
    return true;
  };
  // No room for them: the peer is slow, and judged as that.
  std::string bytes;
  if (is_due(connection.ping_due_ms, keepalive.ping)) {
    websocket::append_frame(bytes, websocket::Opcode::ping, {});
    connection.pong_awaited = true;
  }
  if (is_due(connection.frame_due_ms, keepalive.frame)) {
    std::string payload;
    shared_.endpoints[connection.endpoint].replies.ping(loop_.wall_now(), payload);
    websocket::append_frame(bytes, websocket::Opcode::text, payload);
  }
  if (!bytes.empty()) fan_out_.say(index, bytes, loop_.now());
  schedule_keepalive(index);
}

// Has it not answered in time, or by the time of the next ping?
bool Shard::drop_if_silent(Index index) {
  Connection& connection = connections_[index];
  const config::EndpointSettings& settings = shared_.endpoints[connection.endpoint].settings;
  const auto& keepalive = settings.keepalive;
  const std::uint32_t now = wrapping_ms(loop_.now());
  const bool too_late = keepalive.timeout && until(connection.pong_due_ms, now) <= 0;
  const bool unanswered =
      keepalive.drop_unanswered && connection.pong_awaited && until(connection.ping_due_ms, now) <= 0;
  if (!too_late && !unanswered) return false;
  if (loop_.now() < grace_until_) {
    // We were not running; their pongs may wait in our receive buffers.
    connection.pong_due_ms = wrapping_ms(grace_until_);
    connection.pong_awaited = false;
    return false;
  }
  log_client(index, LogLevel::warning, settings.log.unresponsive);
  drop(index, CloseReason::ping_timeout);  // without a close frame: who would read it?
  return true;
}

bool Shard::close_if_expired(Index index) {
  const Connection& connection = connections_[index];
  const Endpoint& endpoint = shared_.endpoints[connection.endpoint];
  const auto code = endpoint.settings.auth.close_at_exp;
  if (!code || !connection.identity || !connection.identity->expires_at()) return false;
  if (loop_.wall_now() < *connection.identity->expires_at()) return false;
  std::string farewell;
  if (endpoint.replies.expired(loop_.wall_now(), farewell)) say_text(index, farewell);
  close_websocket(index, CloseReason::token_expired, *code, "Token expired", Gentle::after_events);
  return true;
}

void Shard::schedule_keepalive(Index index) {
  const Connection& connection = connections_[index];
  const auto& settings = shared_.endpoints[connection.endpoint].settings;
  const std::uint32_t now = wrapping_ms(loop_.now());
  std::optional<milliseconds> next;
  const auto consider = [&next](milliseconds wait) { next = next ? std::min(*next, wait) : wait; };
  if (settings.keepalive.ping) consider(milliseconds(until(connection.ping_due_ms, now)));
  if (settings.keepalive.frame) consider(milliseconds(until(connection.frame_due_ms, now)));
  if (settings.keepalive.timeout) consider(milliseconds(until(connection.pong_due_ms, now)));
  if (settings.auth.close_at_exp && connection.identity && connection.identity->expires_at()) {
    const milliseconds left = *connection.identity->expires_at() - loop_.wall_now();
    consider(std::min<milliseconds>(left, kExpiryLook));
  }
  if (next) {
    set_timer(index, std::max(*next, milliseconds(1)));
  } else {
    wheel_.cancel(index);
  }
}

void Shard::notice_stall(MonoTime now) {
  if (expected_wake_ == MonoTime::max() || now <= expected_wake_ + kStall) return;
  grace_until_ = now + kGraceAfterStall;
  // Nor is anybody slow before we have heard from epoll who has read meanwhile.
  next_lag_check_ = now + kLagCheckAfterStall;
}

}  // namespace carillon::gateway
