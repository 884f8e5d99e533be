// Every way in which a connection ends. Counted once, at the moment the decision falls: a client that
// is being closed is no connection any more.
#include <algorithm>

#include "base/assert.h"
#include "gateway/shard.h"
#include "websocket/frame_writer.h"

namespace carillon::gateway {
namespace {

// For the close frame to get out, from when the peer last took any bytes. The timer is set to half of it:
// the first look shows how far our bytes have come, the next ones whether they still move.
constexpr auto kCloseTimeout = milliseconds(5000);
constexpr auto kSlowCloseTimeout = milliseconds(2000);  // likewise to one that was judged slow
constexpr auto kLingerTimeout =
    milliseconds(2000);                      // for the peer to close its side, once it has our last bytes
constexpr auto kCloseTimeMax = seconds(30);  // for a peer that takes bytes, but slowly
constexpr std::uint32_t kRowsAStep = 65536;  // of the connection table, looked through in one drain step

// How loud the line about a close is; nothing where there is none.
std::optional<LogLevel> level_of(CloseReason why, const config::ClientLogSettings& own) {
  const auto unless = [](const std::string& line) {
    return line.empty() ? std::optional(LogLevel::info) : std::nullopt;
  };
  switch (why) {
    case CloseReason::client_close:
    case CloseReason::client_gone:
    case CloseReason::shutdown:
    case CloseReason::token_expired:
    case CloseReason::count:
      return std::nullopt;
    case CloseReason::message_too_large:
      return unless(own.too_large);
    case CloseReason::rate_exceeded:
      return unless(own.rate_exceeded);
    case CloseReason::ping_timeout:
      return unless(own.unresponsive);
    case CloseReason::slow_consumer:
    case CloseReason::control_rate:
    case CloseReason::protocol_error:
      return LogLevel::info;
    case CloseReason::overrun:
    case CloseReason::bus_gap:
    case CloseReason::internal:
      break;
  }
  return LogLevel::warning;
}

}  // namespace

void Shard::carry_out_verdicts() {
  for (const fanout::Verdict& verdict : fan_out_.take_verdicts()) carry_out(verdict);
}

void Shard::carry_out(const fanout::Verdict& verdict) {
  const Index index = verdict.subscriber;
  const Endpoint* endpoint =
      connections_[index].state == State::open ? &shared_.endpoints[connections_[index].endpoint] : nullptr;
  switch (verdict.what) {
    case fanout::Verdict::What::broken:
      on_broken(index);
      return;
    case fanout::Verdict::What::finished:
      linger(index);
      return;
    case fanout::Verdict::What::slow_by_bytes:
    case fanout::Verdict::What::slow_by_age:
    case fanout::Verdict::What::slow_by_memory:
      if (!endpoint) {
        drop(index, CloseReason::slow_consumer);
        return;
      }
      // It may just be slow: the close frame waits a moment for it. Then comes the RST.
      close_websocket(index, CloseReason::slow_consumer, endpoint->settings.lag.close_code,
                      endpoint->settings.lag.close_reason, Gentle::now);
      set_timer(index, kSlowCloseTimeout / 2);
      return;
    case fanout::Verdict::What::overrun:
      if (endpoint) close_websocket(index, CloseReason::overrun, 1013, "Events lost", Gentle::now);
      if (!endpoint) drop(index, CloseReason::overrun);
      return;
  }
}

void Shard::close_recipients(const Endpoint& endpoint, CloseReason why) {
  for (Index i = 0; i < connections_.slots(); ++i) {
    if (connections_[i].state != State::open || connections_[i].endpoint != endpoint.index) continue;
    close_websocket(i, why, 1013, "Events lost", Gentle::now);
  }
}

void Shard::close_websocket(Index index, CloseReason why, std::optional<std::uint16_t> code,
                            std::string_view text, Gentle gentle) {
  Connection& connection = connections_[index];
  CARILLON_ASSERT(connection.state == State::open);
  leave_endpoint(index, why);
  connection.state = State::closing;
  connection.paused = false;  // what it still sends is thrown away
  connection.transient.reset();
  acks_.forget(index);
  std::string frame;
  websocket::append_close(frame, code, text);
  if (gentle == Gentle::after_events) {
    fan_out_.finish(index, frame, loop_.now());
  } else {
    fan_out_.finish_now(index, frame, loop_.now());
  }
  set_timer(index, kCloseTimeout / 2);
}

// A peer that still takes our last bytes gets more time for them; one that does not is given up.
void Shard::on_closing_timer(Index index) {
  Connection& connection = connections_[index];
  const bool lingers = connection.state == State::lingering;
  const auto patience =
      connection.close_reason == CloseReason::slow_consumer || lingers ? kSlowCloseTimeout : kCloseTimeout;
  const SendState state = send_state(index);
  const bool has_all = lingers && state.waiting == 0;
  if (!has_all || acks_.is_watched(index)) {
    const auto found = acks_.look(index, state, loop_.now(), kCloseTimeMax);
    if (found != AckWatch::Found::stuck && acks_.watched_for(index, loop_.now()) < kCloseTimeMax) {
      if (has_all) acks_.forget(index);
      set_timer(index, has_all ? kLingerTimeout : patience / 2);
      return;
    }
  }
  if (has_all) {
    sockets_.close(connection.fd);
    release(index);
  } else {
    drop(index, connection.close_reason);  // a mere close would leave its bytes with the kernel, as an orphan
  }
}

void Shard::on_end_of_stream(Index index) {
  Connection& connection = connections_[index];
  leave_endpoint(index, CloseReason::client_gone);
  // A peer that has only closed its own side still gets the answers that are on their way.
  switch (connection.state) {
    case State::closing:
      return;
    case State::head:
    case State::body:
    case State::answering:
      connection.exchange().end_body();
      connection.exchange().answers.end_after_these();
      connection.state = State::answering;
      read_on(index);
      return;
    case State::proxy_header:
    case State::open:
    case State::lingering:
    case State::unused:
      sockets_.close(connection.fd);
      release(index);
  }
}

void Shard::on_broken(Index index) {
  Connection& connection = connections_[index];
  leave_endpoint(index, CloseReason::client_gone);
  sockets_.close(connection.fd);
  release(index);
}

// Our last bytes are with the kernel. Closing now could destroy them on their way, if the peer is
// still sending: so only our side is shut, until the peer shuts its own or time is up.
void Shard::linger(Index index) {
  Connection& connection = connections_[index];
  if (!connection.tls || end_tls(index)) sockets_.shut_down_writing(connection.fd);
  connection.state = State::lingering;
  if (const HttpExchange* const exchange = connection.transient.find_exchange()) {
    exchange->place.note_idle(loop_.now());
  }
  set_timer(index, kLingerTimeout);
  read_later(index, ReadQueue::Lane::fresh);  // its end may have come already
}

void Shard::drop(Index index, CloseReason why) {
  Connection& connection = connections_[index];
  leave_endpoint(index, why);
  sockets_.reset(connection.fd);
  release(index);
}

void Shard::release(Index index) {
  Connection& connection = connections_[index];
  fan_out_.remove_subscriber(index);
  wheel_.cancel(index);
  rates_.erase(index);
  control_rate_.forget(index);
  acks_.forget(index);
  if (connection.tls) tls_clients_->remove(index);
  if (connection.is_websocket) websockets_left_.subtract();
  counters_.sockets.subtract();
  accept_gate_.descriptors().remove_client();
  connections_.give_back(index);
}

// Out of the count, once.
void Shard::leave_endpoint(Index index, CloseReason why) {
  Connection& connection = connections_[index];
  if (connection.state != State::open) return;
  connection.close_reason = why;
  const Endpoint& endpoint = shared_.endpoints[connection.endpoint];
  counters_.endpoints[endpoint.index].connections.subtract();
  counters_.endpoints[endpoint.index].closes[why].add();
  ClientKey client_key;
  if (const auto counted = counted_addresses_.extract(index)) client_key.address = counted.mapped();
  if (connection.identity) client_key.user = connection.identity->subject();
  shared_.admission.leave(endpoint, client_key);
  log_close(index, why);
  log_client(index, LogLevel::info, endpoint.settings.log.disconnected);
}

// One line about a client that we close, unless its endpoint has a line of its own for that.
void Shard::log_close(Index index, CloseReason why) {
  const Endpoint& endpoint = shared_.endpoints[connections_[index].endpoint];
  const auto level = level_of(why, endpoint.settings.log);
  if (!level) return;
  const std::string id = connection_id(index);
  incidents_.on_close({name_of(why), endpoint.settings.name, id, *level}, loop_.now());
}

// One line about a client, where its endpoint wants it.
void Shard::log_client(Index index, LogLevel level, std::string_view message) {
  if (message.empty()) return;
  const std::string id = connection_id(index);
  const Endpoint& endpoint = shared_.endpoints[connections_[index].endpoint];
  const auto total = static_cast<std::int64_t>(shared_.admission.connections_of(endpoint));
  shared_.log.write(level, message, {{"connectionId", std::string_view(id)}, {"total", total}});
}

// Unlike any other of this process: a slot is not used twice by one generation.
std::string Shard::connection_id(Index index) {
  return std::to_string(number_) + '-' + std::to_string(index) + '-' +
         std::to_string(connections_[index].generation);
}

// Those are closed in this turn, when the verdicts are carried out.
void Shard::shed_for_memory() { fan_out_.shed_furthest_behind(loop_.now()); }

// --- drain --------------------------------------------------------------------------------------

void Shard::begin_drain(milliseconds window) {
  if (drain_) return;
  drain_ = Drain{DrainPace(loop_.now(), window, websockets_left_.get()), 0, MonoTime::max()};
}

void Shard::pace_drain(MonoTime now) {
  close_those_due(now);
  if (drain_->pace.done()) count_requests_left(now);
}

// Walks the table once during the window, so that as many close in each second as in any other.
void Shard::close_those_due(MonoTime now) {
  Drain& drain = *drain_;
  for (auto due = drain.pace.due(now); due > 0 && drain.position < connections_.slots();) {
    const Index index = drain.position++;
    if (connections_[index].state != State::open) continue;
    const std::uint16_t code = shared_.endpoints[connections_[index].endpoint].settings.shutdown_code;
    close_websocket(index, CloseReason::shutdown, code, {}, Gentle::after_events);
    drain.pace.on_closed();
    --due;
  }
  if (drain.position >= connections_.slots()) drain.pace.on_nobody_left();
}

// Only at the end, and the seldomer the longer the table is: it walks through the whole of it.
void Shard::count_requests_left(MonoTime now) {
  if (drain_->count_at != MonoTime::max() && now < drain_->count_at) return;
  std::uint64_t left = 0;
  if (counters_.sockets.get() > websockets_left_.get()) {
    for (Index i = 0; i < connections_.slots(); ++i) left += owes_answer(i) ? 1U : 0U;
  }
  requests_left_.set(left);
  drain_->count_at = now + DrainPace::kStep * (1 + connections_.slots() / kRowsAStep);
}

bool Shard::owes_answer(Index index) const {
  const Connection& connection = connections_[index];
  switch (connection.state) {
    case State::body:
    case State::answering:
      return true;
    case State::head:  // kept alive: more was pipelined, or the last answer has not left
      return !connection.exchange().unread.empty() || !connection.exchange().answers.empty() ||
             !fan_out_.outbox_has_room(index, shared_.settings.server.outbox_bytes_max);
    case State::closing:
    case State::lingering:
      return !connection.is_websocket;
    case State::unused:
    case State::proxy_header:
    case State::open:
      return false;
  }
  return false;
}

}  // namespace carillon::gateway
