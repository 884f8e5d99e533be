// Every way in which a client is closed. The close is counted once, when it is decided: from then on the
// client no longer counts as a connection.
#include "base/assert.h"
#include "client/clients.h"
#include "websocket/frame_writer.h"

namespace carillon::client {
namespace {

// The time for the last bytes to be sent, from when the peer last acknowledged any. The deadline is set to
// half of it: the first look records how many bytes have arrived, the next ones whether more arrive.
constexpr auto kCloseTimeout = milliseconds(5000);
constexpr auto kSlowCloseTimeout = milliseconds(2000);  // the same for a client that was found slow
constexpr auto kLingerTimeout =
    milliseconds(2000);                      // for the peer to close its side, once it has our last bytes
constexpr auto kCloseTimeMax = seconds(30);  // for a peer that acknowledges bytes, but slowly

// A slow WebSocket has two seconds to read its close frame; then it is reset. Others are reset at once.
void close_slow(Clients& clients, Clients::Index index) {
  if (clients[index].state != State::open || clients.endpoint_of(index).is_stream()) {
    clients.close(index, CloseReason::slow_consumer, {}, CloseMode::reset);
    return;
  }
  clients.close(index, CloseReason::slow_consumer, close_frame(clients.endpoint_of(index).settings.lag.close),
                CloseMode::immediately);
  clients.set_deadline(index, kSlowCloseTimeout / 2);
}

// A client that is closing already after its events gets its close frame now.
void close_overrun(Clients& clients, Clients::Index index) {
  const bool is_open = clients[index].state == State::open;
  const protocol::Endpoint& endpoint = clients.endpoint_of(index);
  const std::string last = is_open ? last_bytes(endpoint, endpoint.settings.source.gap) : std::string();
  clients.close(index, CloseReason::overrun, last, CloseMode::immediately);
}

void carry_out(Clients& clients, const fanout::Verdict& verdict) {
  const Clients::Index index = verdict.subscriber;
  switch (verdict.what) {
    case fanout::Verdict::What::broken:
      clients.close(index, CloseReason::client_gone, {}, CloseMode::close);
      return;
    case fanout::Verdict::What::finished:
      clients.linger(index);
      return;
    case fanout::Verdict::What::slow_by_bytes:
    case fanout::Verdict::What::slow_by_age:
    case fanout::Verdict::What::slow_by_memory:
      close_slow(clients, index);
      return;
    case fanout::Verdict::What::overrun:
      close_overrun(clients, index);
      return;
  }
}

}  // namespace

std::string close_frame(std::optional<std::uint16_t> code, std::string_view reason) {
  std::string frame;
  websocket::append_close(frame, code, reason);
  return frame;
}

std::string close_frame(const config::CloseText& text) { return close_frame(text.code, text.reason); }

std::string last_bytes(const protocol::Endpoint& endpoint, const config::CloseText& text) {
  std::string bytes;
  endpoint.format().append_close(bytes, text.code, text.reason);
  return bytes;
}

void Clients::close(Index index, CloseReason why, std::string_view last_bytes, CloseMode mode) {
  Connection& connection = connections_.used(index);
  const bool was_open = connection.state == State::open;
  leave(index, why, last_bytes);
  if (mode == CloseMode::close || mode == CloseMode::reset) {
    if (mode == CloseMode::reset) {
      sockets_.reset(connection.fd);
    } else {
      sockets_.close(connection.fd);
    }
    release(index);
    return;
  }
  if (connection.state == State::closing && mode == CloseMode::immediately) {
    CARILLON_ASSERT(last_bytes.empty());
    fan_out_.finish_now(index, {}, loop_.now());
    return;
  }
  CARILLON_ASSERT(connection.state != State::closing && connection.state != State::lingering);
  connection.state = State::closing;
  connection.paused = false;  // what it still sends is discarded
  if (was_open) connection.transient.reset();
  acks_.forget(index);
  if (mode == CloseMode::after_events) {
    fan_out_.finish(index, last_bytes, loop_.now());
  } else {
    fan_out_.finish_now(index, last_bytes, loop_.now());
  }
  set_deadline(index, kCloseTimeout / 2);
}

void Clients::linger(Index index) {
  Connection& connection = connections_.used(index);
  const bool all_sent = !connection.tls || tls_->send_end(index, connection.fd) != TlsClients::Sent::blocked;
  if (all_sent) sockets_.shut_down_writing(connection.fd);
  connection.state = State::lingering;
  if (const HttpExchange* const exchange = connection.transient.find_exchange()) {
    exchange->place.note_idle(loop_.now());
  }
  set_deadline(index, kLingerTimeout);
  read_later(index, ReadQueue::Lane::fresh);  // the peer may have closed already
}

// A peer that still acknowledges our last bytes gets more time; otherwise the connection is reset.
void Clients::on_closing_deadline(Index index) {
  Connection& connection = connections_.used(index);
  const bool lingers = connection.state == State::lingering;
  const auto patience =
      connection.close_reason == CloseReason::slow_consumer || lingers ? kSlowCloseTimeout : kCloseTimeout;
  const SendState state = send_state(index);
  const bool has_all = lingers && state.waiting == 0;
  if (!has_all || acks_.is_watched(index)) {
    const auto found = acks_.look(index, state, loop_.now(), kCloseTimeMax);
    if (found != AckWatch::Found::stuck && acks_.watched_for(index, loop_.now()) < kCloseTimeMax) {
      if (has_all) acks_.forget(index);
      set_deadline(index, has_all ? kLingerTimeout : patience / 2);
      return;
    }
  }
  // While bytes are unacknowledged, a close without RST would leave an orphaned socket in the kernel.
  close(index, connection.close_reason, {}, has_all ? CloseMode::close : CloseMode::reset);
}

bool Clients::carry_out_verdicts() {
  const std::vector<fanout::Verdict> verdicts = fan_out_.take_verdicts();
  for (const fanout::Verdict& verdict : verdicts) carry_out(*this, verdict);
  return !verdicts.empty();
}

void Clients::close_all() {
  for (Index i = 0; i < connections_.slots(); ++i) {
    Connection& connection = connections_[i];
    if (connection.state == State::unused) continue;
    loop_.unwatch(connection.fd);
    sockets_.close(connection.fd);
    connection.state = State::unused;
  }
}

// Removes an open client from the counts, once.
void Clients::leave(Index index, CloseReason why, std::string_view last_bytes) {
  Connection& connection = connections_[index];
  if (connection.state != State::open) return;
  connection.close_reason = why;
  EndpointCounters& counters = counters_.endpoints[connection.endpoint];
  counters.connections.subtract();
  counters.closes[why].add();
  handler_.on_left(index);
  log_.on_close(index, why, last_bytes, loop_.now());
  log_.write(index, LogLevel::info, endpoint_of(index).settings.log.disconnected);
}

// The descriptor is closed already.
void Clients::release(Index index) {
  const Connection& connection = connections_[index];
  fan_out_.remove_subscriber(index);
  wheel_.cancel(index);
  acks_.forget(index);
  if (connection.tls) tls_->remove(index);
  counters_.sockets.subtract();
  handler_.on_released(index);
  connections_.give_back(index);
}

}  // namespace carillon::client
