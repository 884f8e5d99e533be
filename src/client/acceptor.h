// Acceptor: owns the listening sockets of one shard and accepts its connections. It also decides which
// connections wait or are closed when file descriptors or places for HTTP connections run out.
//
// Thread: the shard's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/accept_gate.h"
#include "client/clients.h"
#include "client/handshake_rate.h"
#include "client/http_connections.h"
#include "client/listener_options.h"
#include "client/listeners.h"
#include "reactor/listener.h"
#include "reactor/loop.h"

namespace carillon::client {

class Acceptor final : private reactor::IoHandler {
 public:
  using Index = std::uint32_t;

  // `clients` and `fan_out` may be constructed later: connections hold places of this object, so it must
  // outlive them. `shard`: the shard's number, which decides its share of the process's limits.
  Acceptor(const Shared& shared, reactor::Loop& loop, Sockets& sockets, Clients& clients,
           fanout::FanOut& fan_out, ShardCounters& counters, std::uint32_t shard);
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Sets who handles the events of the connections' sockets. Call once, before the first connection.
  void set_socket_handler(reactor::Loop::HandlerId handler) { socket_handler_ = handler; }
  // Starts to listen. Call before the loop runs.
  Result<std::monostate> listen(reactor::FileDescriptor listener, ListenerOptions options);
  // The sockets that it listens on, in the shard's table of descriptors.
  Listeners& listeners() { return listeners_; }
  // Closes the listening sockets; the kernel refuses new connections from then on.
  void stop_listening() { listeners_.close_all(); }
  // Closes those whose address is not in server.listen (ListenerOptions::is_left_over), after it has accepted
  // the connections that wait for them, as far as there is room.
  void stop_listening_on_left_over();
  // Sets the budget of the thread's table of descriptors. Call on that thread before the loop runs; without
  // it descriptors are not limited.
  void begin_serving(std::shared_ptr<reactor::DescriptorBudget> descriptors);

  // New settings are in use. `tls_by_listen`: the contexts of new connections, by their number in
  // server.listen. Connections over a lower limit stay.
  void on_settings_replaced(const std::vector<std::shared_ptr<const reactor::TlsContext>>& tls_by_listen);

  // Takes over a connected socket from accept(). `peer_address` is numeric; `options` are those of an address
  // that listen() was called for.
  void adopt(int fd, const std::string& peer_address, const ListenerOptions& options);

  // Accepts waiting connections. Call at the end of a turn: requests that have arrived are read and answered
  // first, so that after a stall no client is closed whose request has already arrived.
  void accept_waiting(MonoTime now);
  // When accept_waiting() is due next.
  MonoTime next_wake() const { return std::min(accept_again_at_, essential_.deadline); }
  // The process did not run for a while.
  void note_stall(MonoTime now) { http_connections_.note_stall(now); }
  // A connection has been released: its descriptor is free.
  void on_released() { gate_.descriptors().remove_client(); }
  std::uint64_t http_connections() const { return http_connections_.size(); }

  // Counts the connection for its client address. Returns false when it exceeded the limit of that address
  // and was closed.
  bool count_address(Index index);
  // Returns whether this request may be answered. A connection on the spare descriptor may only request
  // essential paths, and is closed after its answer.
  bool may_be_served(Index index);
  // Counts the TLS handshake that begins with the bytes just read. Returns false when it exceeded the limit
  // of its address or of the process and the connection was closed, before anything was computed for it.
  bool may_shake_hands(Index index);
  // Closes a connection without an HTTP answer, because it is not known which protocol the peer speaks.
  void turn_away(Index index, RefusalReason reason, std::string_view detail);

 private:
  struct Essential {  // the connection on the spare descriptor
    Index index = 0;
    std::uint32_t generation = 0;
    MonoTime deadline = MonoTime::max();
  };

  void on_io(std::uint32_t events, std::uint32_t index, std::uint32_t generation) override;
  void accept_from(Listener& listener);
  bool accept_one(Listener& listener, reactor::SpareDescriptor::Lease lease);
  void accept_after(MonoClock::duration pause);
  void warn_if_short(std::uint64_t limit);
  void take_in(int fd, const std::string& peer_address, const ListenerOptions& options,
               reactor::SpareDescriptor::Lease lease);
  void limit_handshakes();
  void limit_http_connections();
  void expect_proxy_header(Index index);
  bool close_to_make_room(Index index);
  void begin_essential(Index index);
  void end_essential();

  const Shared& shared_;
  reactor::Loop& loop_;
  Sockets& sockets_;
  Clients& clients_;
  fanout::FanOut& fan_out_;
  ShardCounters& counters_;
  const std::uint32_t shard_;
  HttpConnections http_connections_;
  AcceptGate gate_;
  Listeners listeners_;
  std::optional<HandshakeRate> handshake_rate_;  // set when an address has TLS and the limit is on
  MonoTime accept_again_at_ = MonoTime::max();   // connections wait that no epoll event reports
  Essential essential_;
  reactor::Loop::HandlerId socket_handler_ = 0;
};

}  // namespace carillon::client
