#include "gateway/client_sessions.h"

#include <utility>

namespace carillon::gateway {

using client::CloseMode;
using client::CloseReason;
using client::Connection;
using client::State;

ClientSessions::ClientSessions(const Parts& parts)
    : clients_(parts.open.clients),
      fan_out_(parts.open.fan_out),
      audiences_(parts.audiences),
      counters_(parts.open.counters),
      resumes_(parts.history, parts.taker),
      open_clients_(parts.open),
      websockets_({parts.open.shared, parts.open.loop, clients_, fan_out_, parts.keepalive, parts.audiences,
                   open_clients_, parts.deflater, counters_, resumes_}),
      event_streams_({parts.open.shared, parts.open.loop, clients_, fan_out_, parts.keepalive,
                      parts.audiences, open_clients_, resumes_}) {}

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

// A client for which events wait would take those for received.
std::string ClientSessions::safe_position(Index index) {
  const protocol::Endpoint& endpoint = clients_.endpoint_of(index);
  if (endpoint.is_stream() && !endpoint.has_history()) return {};
  if (resumes_.is_waiting(index) || fan_out_.backlog_bytes(index) != 0) return {};
  return resumes_.position_of(audiences_.last_event());
}

void ClientSessions::send_requests() {
  if (!resumes_.has_requests()) return;
  std::vector<ResumeAnswer> answered;
  resumes_.send_requests(answered);
  if (!answered.empty()) on_answers(std::move(answered));
}

void ClientSessions::on_answers(std::vector<ResumeAnswer> answers) {
  for (ResumeAnswer& answer : answers) {
    const auto subscription = resumes_.take(answer);
    if (!subscription) continue;
    if (answer.outcome == ResumeOutcome::overloaded) {
      (subscription->is_history ? counters_.histories_overloaded : counters_.resumes_overloaded).add();
    }
    const client::ClientId& client = subscription->client;
    const Connection* const connection = clients_.table().find(client.index, client.generation);
    if (!connection || connection->state != State::open) continue;
    if (clients_.endpoint_of(client.index).is_stream()) {
      event_streams_.finish_resume(*subscription, std::move(answer));
    } else {
      websockets_.finish_resume(*subscription, std::move(answer));
    }
  }
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
  resumes_.forget(index);
  websockets_.on_released(index);
  event_streams_.on_released(index);
  open_clients_.on_released(index);
}

}  // namespace carillon::gateway
