// Who the client is: the peer, or whom a trusted proxy names, in a PROXY header before everything else or
// in a header of each request.
#include "gateway/shard.h"
#include "http/client_address.h"

namespace carillon::gateway {

bool Shard::is_trusted_proxy(const IpAddress& address) const {
  return http::is_trusted(address, shared_.settings.server.trusted_proxies);
}

void Shard::expect_proxy_header(Index index) {
  Connection& connection = clients_[index];
  if (!is_trusted_proxy(connection.exchange().peer)) {
    turn_away(index, RefusalReason::proxy_header, "not a trusted proxy");
    return;
  }
  connection.state = State::proxy_header;
  connection.exchange().proxy_header = std::make_unique<http::ProxyHeaderReader>();
}

void Shard::read_proxy_header(Index index, std::string_view bytes) {
  Connection& connection = clients_[index];
  HttpExchange& exchange = connection.exchange();
  http::ProxyHeaderReader& reader = *exchange.proxy_header;
  const auto step = reader.feed(bytes);
  if (step.state == http::ProxyHeaderState::need_more) return;
  if (step.state == http::ProxyHeaderState::fault) {
    turn_away(index, RefusalReason::proxy_header, reader.fault());
    return;
  }
  if (reader.source()) exchange.peer = exchange.client = *reader.source();
  exchange.proxy_header.reset();
  connection.state = State::head;
  if (!count_address(index)) return;
  // What is left is the client's own: TLS, where the address has it, begins here.
  const std::string_view rest = bytes.substr(step.consumed);
  if (rest.empty()) return;
  if (connection.tls) {
    read_ciphertext(index, rest);
  } else {
    read_http(index, rest);
  }
}

// Before a word of HTTP: what the peer would understand is not known, so it is only closed.
void Shard::turn_away(Index index, RefusalReason reason, std::string_view detail) {
  note_refusal(index, reason, 0, detail);
  clients_.close(index, CloseReason::client_gone, {}, CloseMode::close);
}

// Whoever is no trusted proxy may write what it likes into these headers.
void Shard::find_client(HttpExchange& exchange) {
  exchange.client = exchange.peer;
  const config::ServerSettings& server = shared_.settings.server;
  if (server.client_address == config::ClientAddress::peer || !is_trusted_proxy(exchange.peer)) return;
  const auto header = server.client_address == config::ClientAddress::forwarded
                          ? http::ForwardedBy::forwarded
                          : http::ForwardedBy::x_forwarded_for;
  const auto found = http::forwarded_client(exchange.head, header, server.trusted_proxies);
  switch (found.outcome) {
    case http::ForwardedClient::Outcome::found:
      exchange.client = found.address;
      return;
    case http::ForwardedClient::Outcome::malformed:
      counters_.forwarded_malformed.add();
      return;
    case http::ForwardedClient::Outcome::absent:
    case http::ForwardedClient::Outcome::unknown:
      return;
  }
}

}  // namespace carillon::gateway
