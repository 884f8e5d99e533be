#include "client/proxy.h"

#include "http/client_address.h"

namespace carillon::client {

bool is_trusted_proxy(const IpAddress& address, const config::ServerSettings& server) {
  return http::is_trusted(address, server.trusted_proxies);
}

void find_client(HttpExchange& exchange, const config::ServerSettings& server, ShardCounters& counters) {
  exchange.client = exchange.peer;
  if (server.client_address == config::ClientAddress::peer || !is_trusted_proxy(exchange.peer, server))
    return;
  const auto header = server.client_address == config::ClientAddress::forwarded
                          ? http::ForwardedBy::forwarded
                          : http::ForwardedBy::x_forwarded_for;
  const auto found = http::forwarded_client(exchange.head, header, server.trusted_proxies);
  switch (found.outcome) {
    case http::ForwardedClient::Outcome::found:
      exchange.client = found.address;
      return;
    case http::ForwardedClient::Outcome::malformed:
      counters.forwarded_malformed.add();
      return;
    case http::ForwardedClient::Outcome::absent:
    case http::ForwardedClient::Outcome::unknown:
      return;
  }
}

}  // namespace carillon::client
