#include "gateway/client_sessions.h"

namespace carillon::gateway {

using client::CloseMode;
using client::CloseReason;
using client::Connection;
using client::State;

ClientSessions::ClientSessions(const Parts& parts)
    : clients_(parts.open.clients),
      open_clients_(parts.open),
      websockets_({parts.open.shared, parts.open.loop, clients_, parts.open.fan_out, parts.keepalive,
                   parts.audiences, open_clients_, parts.deflater, parts.open.counters, parts.history,
                   parts.taker}),
      event_streams_({parts.open.loop, clients_, parts.keepalive, parts.audiences, open_clients_}) {}

void ClientSessions::open(Index index, const protocol::Endpoint& endpoint, client::Upgrade upgrade) {
  if (endpoint.is_stream()) {
    event_streams_.open(index, endpoint, std::move(upgrade));
  } else {
    websockets_.open(index, endpoint, std::move(upgrade));
  }
}

void ClientSessions::on_bytes(Index index, std::span<char> bytes) {
  if (clients_.endpoint_of(index).is_stream()) {
    event_streams_.on_bytes(index, bytes.size());
  } else {
    websockets_.on_bytes(index, bytes);
  }
}

// Only the replies to a client's messages pause it, and a stream has none.
void ClientSessions::resume(Index index) {
  if (!clients_.endpoint_of(index).is_stream()) websockets_.resume(index);
}

// Streams have no positions yet.
std::string ClientSessions::safe_position(Index index) {
  return clients_.endpoint_of(index).is_stream() ? std::string() : websockets_.safe_position(index);
}

// Clients that are already closing also receive no event after the lost ones.
void ClientSessions::close_recipients(const protocol::Endpoint& endpoint, CloseReason why) {
  for (Index i = 0; i < clients_.table().slots(); ++i) {
    const Connection& connection = clients_[i];
    if (!connection.opened || connection.endpoint != endpoint.index) continue;
    if (connection.state == State::open) {
      clients_.close(i, why, client::last_bytes(endpoint, endpoint.settings.source.gap),
                     CloseMode::immediately);
    } else if (connection.state == State::closing) {
      clients_.close(i, why, {}, CloseMode::immediately);
    }
  }
}

void ClientSessions::on_released(Index index) {
  websockets_.on_released(index);
  event_streams_.on_released(index);
  open_clients_.on_released(index);
}

}  // namespace carillon::gateway
