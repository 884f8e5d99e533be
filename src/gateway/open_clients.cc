#include "gateway/open_clients.h"

#include <utility>

#include "client/proxy.h"

namespace carillon::gateway {
namespace {

using client::CloseMode;
using client::CloseReason;
using client::Connection;
using client::State;

void count_accepted(client::EndpointCounters& counters, client::Compression compression) {
  counters.connections.add();
  counters.accepted.add();
  if (compression == client::Compression::off) counters.deflate_off.add();
  if (compression == client::Compression::unknown) counters.deflate_unknown.add();
}

}  // namespace

bool OpenClients::enter(Index index, const protocol::Endpoint& endpoint, client::Upgrade& upgrade,
                        std::string_view head) {
  Connection& connection = parts_.clients[index];
  connection.state = State::open;
  connection.endpoint = endpoint.index;
  connection.opened = true;
  connection.deflate = !upgrade.extensions.empty();
  connection.identity = std::move(upgrade.identity);
  if (upgrade.counted.by_address) counted_addresses_.emplace(index, connection.exchange().client);
  connection.user_is_counted = upgrade.counted.by_user;
  parts_.drain.on_client_opened();
  count_accepted(parts_.counters.endpoints[endpoint.index], upgrade.compression);
  if (upgrade.subprotocol_mismatch) parts_.counters.subprotocol_mismatches.add();

  // A stream that is resumed has one position for all of its channels.
  const bool is_resumed_as_a_whole = endpoint.is_stream() && endpoint.has_history();
  parts_.fan_out.become(index, endpoint.group,
                        connection.deflate ? fanout::Encoding::compressed : fanout::Encoding::plain,
                        is_resumed_as_a_whole ? fanout::Order::by_number : fanout::Order::by_log);
  if (parts_.clients.send(index, head)) return true;
  parts_.clients.close(index, CloseReason::slow_consumer, {}, CloseMode::reset);
  return false;
}

std::string OpenClients::end_exchange(Index index, const protocol::Endpoint& endpoint) {
  Connection& connection = parts_.clients[index];
  client::HttpExchange& exchange = connection.exchange();
  parts_.clients.log().write(index, LogLevel::info, endpoint.settings.log.connected);
  parts_.clients.log().trace().on_open(index, exchange.client, parts_.loop.now());
  // A connection that was kept alive may have been idle before this request.
  if (!exchange.answered_before) parts_.counters.handshakes.add(parts_.loop.now() - exchange.began);
  std::string early = std::move(exchange.unread);
  connection.transient.reset();
  return early;
}

void OpenClients::count_by_new_limits() {
  for (Index i = 0; i < parts_.clients.table().slots(); ++i) {
    if (parts_.clients[i].state == State::open) count_late(i);
  }
}

void OpenClients::count_late(Index index) {
  Connection& connection = parts_.clients[index];
  const protocol::Endpoint& endpoint = parts_.clients.endpoint_of(index);
  client::ClientKey key;
  if (connection.identity) key.user = connection.identity->subject();
  client::Admission::Counted by = client::Admission::counted(endpoint, key);
  by.by_user = by.by_user && !connection.user_is_counted;
  by.by_address = by.by_address && !counted_addresses_.contains(index);
  if (by.by_address) {
    const auto peer = IpAddress::parse(parts_.sockets.peer_host(connection.fd));
    by.by_address = peer && !client::is_trusted_proxy(*peer, parts_.shared.settings->server);
    if (by.by_address) counted_addresses_.emplace(index, key.address = *peer);
  }
  if (by.by_user) connection.user_is_counted = true;
  if (by.by_user || by.by_address) parts_.shared.admission.count_late(endpoint, key, by);
}

void OpenClients::on_left(Index index) {
  const Connection& connection = parts_.clients[index];
  client::ClientKey key;
  if (connection.identity) key.user = connection.identity->subject();
  const auto address = counted_addresses_.extract(index);
  if (address) key.address = address.mapped();
  parts_.shared.admission.leave(parts_.clients.endpoint_of(index), key,
                                {.by_address = !address.empty(), .by_user = connection.user_is_counted});
}

void OpenClients::on_released(Index index) {
  if (parts_.clients[index].opened) parts_.drain.on_client_released();
}

}  // namespace carillon::gateway
