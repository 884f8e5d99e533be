#include "client/acceptor.h"

#include <sys/epoll.h>

#include <cerrno>
#include <system_error>

#include "base/assert.h"
#include "base/descriptor_table.h"
#include "client/proxy.h"
#include "client/shard_share.h"

namespace carillon::client {
namespace {

// Accepts per turn and listening socket. Fewer while events wait to be written, because an accept costs as
// much as several writes, and clients that were closed for a flood reconnect at once.
constexpr int kAcceptsATurn = 64;
constexpr int kAcceptsBesideWrites = 8;
constexpr int kLastRounds = 512;  // of accepts before a socket is closed: more than its queue holds
constexpr auto kErrorPause = milliseconds(100);  // after an error of accept()
constexpr auto kRoomPause = milliseconds(2);     // until there may be room again
// How long a connection may hold the spare descriptor: until its whole head has arrived, then until the
// answer has been sent.
constexpr auto kEssentialHead = milliseconds(500);
constexpr auto kEssentialAnswer = seconds(1);
constexpr std::uint64_t kHttpConnectionsMin = 4;  // per shard, however small the limit on descriptors is

// "auto" leaves three quarters of the descriptors to WebSockets.
std::uint64_t auto_connections(const config::ServerSettings& server) {
  const std::uint64_t shards_a_table = server.shards / server.descriptor_tables();
  const std::uint64_t share = descriptor_limit() / 4 / shards_a_table;
  return std::clamp(share, kHttpConnectionsMin, std::uint64_t{ConnectionTable::kConnectionsMax});
}

HttpConnections::Limits http_limits(const config::ServerSettings& server, std::uint32_t shard,
                                    std::uint64_t otherwise) {
  HttpConnections::Limits limits{otherwise, std::nullopt};
  if (server.http_connections_max != 0) {
    limits.connections = share_of(server.http_connections_max, shard, server.shards);
  }
  if (const auto of_one = server.http_connections_per_ip.value) {
    limits.of_one_address = share_of(*of_one, shard, server.shards);
  }
  return limits;
}

}  // namespace

Acceptor::Acceptor(const Shared& shared, reactor::Loop& loop, Sockets& sockets, Clients& clients,
                   fanout::FanOut& fan_out, ShardCounters& counters, std::uint32_t shard)
    : shared_(shared),
      loop_(loop),
      sockets_(sockets),
      clients_(clients),
      fan_out_(fan_out),
      counters_(counters),
      shard_(shard),
      http_connections_(http_limits(shared.settings->server, shard,
                                    ConnectionTable::kConnectionsMax)),  // until begin_serving()
      gate_(http_connections_),
      listeners_(loop, *this) {}

Result<std::monostate> Acceptor::listen(reactor::FileDescriptor listener, ListenerOptions options) {
  if (options.tls) {
    if (auto made = clients_.enable_tls(); !made) return made;
    limit_handshakes();
  }
  if (!listeners_.add(std::move(listener), std::move(options))) {
    return failure("cannot watch a listening socket: no descriptors left");
  }
  return std::monostate{};
}

// Begins to count when it has not, or when the limit is another one.
void Acceptor::limit_handshakes() {
  const config::ServerSettings& server = shared_.settings->server;
  if (const auto most = server.tls_handshakes_per_ip.value) {
    const HandshakeRate::Limit limit{share_of(*most, shard_, server.shards), server.tls_handshakes_window};
    if (!handshake_rate_ || handshake_rate_->limit() != limit) {
      handshake_rate_.emplace(limit, shared_.channels_key);
    }
  } else {
    handshake_rate_.reset();
  }
}

void Acceptor::limit_http_connections() {
  const config::ServerSettings& server = shared_.settings->server;
  const HttpConnections::Limits limits = http_limits(server, shard_, auto_connections(server));
  http_connections_.set_limits(limits);
  counters_.http_connections_limit.set(limits.connections);
}

void Acceptor::on_settings_replaced(
    const std::vector<std::shared_ptr<const reactor::TlsContext>>& tls_by_listen) {
  limit_http_connections();
  for (Listener& listener : listeners_.all()) {
    if (!listener.options.tls || listener.options.is_left_over) continue;
    listener.options.tls = tls_by_listen.at(listener.options.number);
    limit_handshakes();
  }
}

void Acceptor::stop_listening_on_left_over() {
  std::vector<int> left_over;
  for (Listener& listener : listeners_.all()) {
    if (!listener.options.is_left_over) continue;
    left_over.push_back(listener.socket.get());
    std::uint64_t before = 0;
    int rounds = 0;
    do {
      before = listener.accepted;
      accept_from(listener);
    } while (listener.accepted != before && ++rounds < kLastRounds);
  }
  for (const int fd : left_over) listeners_.close(fd);
}

void Acceptor::on_io(std::uint32_t, std::uint32_t, std::uint32_t) { accept_after({}); }

void Acceptor::begin_serving(std::shared_ptr<reactor::DescriptorBudget> descriptors) {
  gate_.begin(std::move(descriptors));
  limit_http_connections();
}

// --- accept() -----------------------------------------------------------------------------------

void Acceptor::accept_waiting(MonoTime now) {
  if (now >= essential_.deadline) end_essential();
  if (now < accept_again_at_) return;
  accept_again_at_ = MonoTime::max();
  for (Listener& listener : listeners_.all()) accept_from(listener);
}

void Acceptor::accept_from(Listener& listener) {
  const std::uint64_t limit = gate_.knows_its_table() ? descriptor_limit() : 0;
  const int accepts_max = fan_out_.has_work() ? kAcceptsBesideWrites : kAcceptsATurn;
  for (int i = 0; i < accepts_max; ++i) {
    switch (gate_.next(limit, loop_.now())) {
      case AcceptGate::Next::close_one:
        if (!close_to_make_room(gate_.to_close())) return accept_after(kRoomPause);
        continue;
      case AcceptGate::Next::wait:
        warn_if_short(limit);
        accept_after(kRoomPause);
        return;
      case AcceptGate::Next::accept:
        if (!accept_one(listener, {})) return;
        continue;
      case AcceptGate::Next::accept_essential:
        warn_if_short(limit);
        if (!accept_one(listener, gate_.lend_spare())) return;
        continue;
    }
  }
  accept_after(MonoClock::duration::zero());
}

// Accepts one connection. False when none waits, or when accepting has to pause. With a `lease` of the spare
// descriptor the connection may only request essential paths such as /health.
bool Acceptor::accept_one(Listener& listener, reactor::SpareDescriptor::Lease lease) {
  const bool has_spare = static_cast<bool>(lease);
  const auto low_water = static_cast<int>(shared_.settings->server.notsent_low_water_bytes);
  const reactor::Accepted accepted = sockets_.accept(listener.socket.get(), low_water);
  switch (accepted.outcome()) {
    case reactor::Accepted::Outcome::connection:
      ++listener.accepted;
      take_in(accepted.fd, accepted.peer.host, listener.options, std::move(lease));
      return true;
    case reactor::Accepted::Outcome::none_waiting:
      return false;
    case reactor::Accepted::Outcome::connection_gone:
      return true;
    case reactor::Accepted::Outcome::no_descriptor:
      gate_.note_none_left();
      if (!has_spare) return true;  // close another, or use the spare one
      break;
    case reactor::Accepted::Outcome::other_error:
      if (gate_.descriptors().should_warn(loop_.now())) {
        const std::string why = std::generic_category().message(accepted.error);
        shared_.log.warning("accept failed; trying again", {{"reason", std::string_view(why)}});
      }
  }
  // Connected clients are not affected; new ones wait in the kernel's queue.
  counters_.accept_pauses.add();
  accept_after(kErrorPause);
  return false;
}

// epoll is edge-triggered: connections that already wait cause no further event.
void Acceptor::accept_after(MonoClock::duration pause) {
  accept_again_at_ = std::min(accept_again_at_, loop_.now() + pause);
}

void Acceptor::warn_if_short(std::uint64_t limit) {
  if (!gate_.is_short()) return;
  reactor::DescriptorBudget& descriptors = gate_.descriptors();
  if (!descriptors.should_warn(loop_.now())) return;
  shared_.log.warning(
      "no file descriptor is left for new clients: raise the limit (ulimit -n; systemd: LimitNOFILE=), or "
      "lower server.connections_max",
      {{"limit", static_cast<std::int64_t>(limit)},
       {"clients", static_cast<std::int64_t>(descriptors.clients())},
       {"reserved", static_cast<std::int64_t>(descriptors.reserve_of(limit))}});
}

// --- a new connection ---------------------------------------------------------------------------

void Acceptor::adopt(int fd, const std::string& peer_address, const ListenerOptions& options) {
  take_in(fd, peer_address, options, {});
}

void Acceptor::take_in(int fd, const std::string& peer_address, const ListenerOptions& options,
                       reactor::SpareDescriptor::Lease lease) {
  counters_.accepts.add();
  const IpAddress peer = IpAddress::parse(peer_address).value_or(IpAddress{});
  const auto taken = clients_.table().try_take();
  if (!taken) {  // the process has more descriptors than the table has rows
    counters_.refusals[RefusalReason::connections_max].add();
    clients_.log().incidents().on_refusal(
        {name_of(RefusalReason::connections_max), 0, {}, peer, "the table of connections is full"},
        loop_.now());
    sockets_.close(fd);
    return;
  }
  const Index index = *taken;
  Connection& connection = clients_[index];
  connection.fd = fd;
  connection.state = State::head;
  const auto& server = shared_.settings->server;
  HttpExchange& exchange = connection.transient.begin_exchange(
      {server.request_line_bytes_max, server.head_bytes_max, server.headers_max});
  exchange.peer = exchange.client = peer;
  exchange.began = loop_.now();
  exchange.spare = std::move(lease);
  if (!exchange.spare) exchange.place = http_connections_.enter(index, loop_.now());
  counters_.sockets.add();
  gate_.descriptors().add_client();
  fan_out_.add_subscriber(index, 0, fanout::Encoding::plain);
  connection.tls = options.tls != nullptr;
  if (connection.tls) clients_.tls().add(index, *options.tls);
  if (!loop_.watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP, socket_handler_, index, connection.generation)) {
    clients_.close(index, CloseReason::client_gone, {}, CloseMode::close);
    return;
  }
  // An absolute deadline: more bytes do not extend it.
  exchange.read_due = loop_.now() + server.handshake_timeout;
  clients_.set_deadline(index, server.handshake_timeout);
  if (exchange.spare) begin_essential(index);
  if (options.proxy_protocol == config::ProxyProtocol::on) return expect_proxy_header(index);
  count_address(index);
}

bool Acceptor::count_address(Index index) {
  const HttpExchange& exchange = clients_[index].exchange();
  if (!http_connections_.counts_addresses() || exchange.spare) return true;
  if (exchange.peer.is_loopback() || is_trusted_proxy(exchange.peer, shared_.settings->server)) return true;
  const IpAddress address = exchange.peer.limit_group();
  if (!http_connections_.has_room_for(address)) {
    const auto other = http_connections_.first_to_close_of(address, loop_.now());
    if (!other || !close_to_make_room(*other)) {
      turn_away(index, RefusalReason::http_address_full, "too many HTTP connections from this address");
      return false;
    }
  }
  http_connections_.count_for(exchange.place, address);
  return true;
}

// Closes a connection that HttpConnections has named: an idle one, or one without a whole request head for a
// second. Returns false when it may stay a little longer, because its request waits for a read slice or its
// answer for the socket.
bool Acceptor::close_to_make_room(Index index) {
  const Connection& connection = clients_[index];
  const HttpConnections::Place& place = connection.exchange().place;
  const auto since = loop_.now() - place.since();
  if (clients_.is_unread(index, since)) return false;
  if (since < HttpConnections::kPatience && fan_out_.outbox_bytes(index) + clients_.held_back(index) > 0)
    return false;
  if (!place.is_idle()) {
    turn_away(index, RefusalReason::http_connections_max, "no whole request when its place was needed");
    return true;
  }
  counters_.http_idle_closed.add();
  clients_.close(index, CloseReason::client_gone, {}, CloseMode::close);
  return true;
}

// --- on the spare descriptor --------------------------------------------------------------------

void Acceptor::begin_essential(Index index) {
  counters_.essential_accepts.add();
  essential_ = {index, clients_[index].generation, loop_.now() + kEssentialHead};
}

bool Acceptor::may_be_served(Index index) {
  HttpExchange& exchange = clients_[index].exchange();
  if (!exchange.spare) return true;
  essential_.deadline = loop_.now() + kEssentialAnswer;
  exchange.head.keep_alive = http::KeepAlive::close;
  return shared_.http_handler.is_essential(exchange.head);
}

// Resets the connection on the spare descriptor when its time is over; the next one may be waiting.
void Acceptor::end_essential() {
  essential_.deadline = MonoTime::max();
  const Connection* connection = clients_.table().find(essential_.index, essential_.generation);
  if (!connection) return;
  if (connection->state == State::head || connection->state == State::proxy_header) {
    clients_.log().on_refusal(connection->exchange(), RefusalReason::no_descriptor, 0,
                              "no whole request in time", loop_.now());
  }
  clients_.close(essential_.index, CloseReason::client_gone, {}, CloseMode::reset);
}

// --- limits --------------------------------------------------------------------------------------

void Acceptor::expect_proxy_header(Index index) {
  Connection& connection = clients_[index];
  if (!is_trusted_proxy(connection.exchange().peer, shared_.settings->server)) {
    turn_away(index, RefusalReason::proxy_header, "not a trusted proxy");
    return;
  }
  connection.state = State::proxy_header;
  connection.exchange().proxy_header = std::make_unique<http::ProxyHeaderReader>();
}

bool Acceptor::may_shake_hands(Index index) {
  if (!clients_.tls().note_first_bytes(index)) return true;
  const IpAddress& peer = clients_[index].exchange().peer;
  if (peer.is_loopback() || is_trusted_proxy(peer, shared_.settings->server)) return true;
  if (handshake_rate_ && !handshake_rate_->try_begin(peer.limit_group(), loop_.now())) {
    turn_away(index, RefusalReason::tls_handshake_rate, "too many TLS handshakes from this address");
    return false;
  }
  if (!shared_.admission.accept_rate().try_shake_hands(loop_.now())) {
    turn_away(index, RefusalReason::process_accept_rate, "too many TLS handshakes of all clients");
    return false;
  }
  return true;
}

void Acceptor::turn_away(Index index, RefusalReason reason, std::string_view detail) {
  clients_.log().on_refusal(clients_[index].exchange(), reason, 0, detail, loop_.now());
  clients_.close(index, CloseReason::client_gone, {}, CloseMode::close);
}

}  // namespace carillon::client
