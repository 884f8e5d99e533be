// Acceptor: the listening sockets of one shard, new connections, and which of them wait or are closed when
// descriptors or places for HTTP connections run out.
//
// Thread: the shard's, except listening_descriptors().
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
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Once, before the first connection: who handles the events of the connections' sockets.
  void set_socket_handler(reactor::Loop::HandlerId handler) { socket_handler_ = handler; }
  // Before the loop runs.
  Result<std::monostate> listen(reactor::FileDescriptor listener, ListenerOptions options);
  // The sockets that it listens on. Any thread, from the last listen() to stop_listening().
  std::vector<int> listening_descriptors() const;
  // New connections are refused by the kernel from now on.
  void stop_listening();
  // What the thread's table of descriptors holds for clients. On that thread, before the loop runs; without
  // it descriptors are not bounded.
  void begin_serving(std::shared_ptr<reactor::DescriptorBudget> descriptors);

  // Takes over a connected socket, as accept() gives it. The peer's address is numeric; `options` belong to
  // an address that was listened on.
  void adopt(int fd, const std::string& peer_address, const ListenerOptions& options);

  // Accepts those who wait. At the end of a turn: requests that have arrived are read and answered first, so
  // that after a stall no client is turned away whose request is here.
  void accept_waiting(MonoTime now);
  // When accept_waiting() should come next.
  MonoTime next_wake() const { return std::min(accept_again_at_, essential_.deadline); }
  // The process did not run for a while.
  void note_stall(MonoTime now) { http_connections_.note_stall(now); }
  // A connection has been released.
  void on_released() { gate_.descriptors().remove_client(); }
  std::uint64_t http_connections() const { return http_connections_.size(); }

  // Counts the connection for its client address; false when it was closed as one too many of that address.
  bool count_address(Index index);
  // Whether this request may be answered. A connection on the spare descriptor may only ask for what is
  // essential, and ends with its answer.
  bool may_be_served(Index index);
  // Counts the TLS handshake that begins with the bytes just read; false when the connection was closed as
  // one too many of its address. Nothing has been computed for it yet.
  bool may_shake_hands(Index index);
  // Closes a connection before a word of HTTP: the gateway does not know what the peer would understand.
  void turn_away(Index index, RefusalReason reason, std::string_view detail);

 private:
  struct Listener {
    reactor::FileDescriptor socket;
    ListenerOptions options;
  };
  struct Essential {  // the connection on the spare descriptor
    Index index = 0;
    std::uint32_t generation = 0;
    MonoTime deadline = MonoTime::max();
  };

  void on_io(std::uint32_t events, std::uint32_t index, std::uint32_t generation) override;
  void accept_from(const Listener& listener);
  bool accept_one(const Listener& listener, reactor::SpareDescriptor::Lease lease);
  void accept_after(MonoClock::duration pause);
  void warn_if_short(std::uint64_t limit);
  void take_in(int fd, const std::string& peer_address, const ListenerOptions& options,
               reactor::SpareDescriptor::Lease lease);
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
  std::vector<Listener> listeners_;
  std::optional<HandshakeRate> handshake_rate_;  // where an address has TLS, and the limit is on
  MonoTime accept_again_at_ = MonoTime::max();   // some wait whom no event will announce
  Essential essential_;
  reactor::Loop::HandlerId listener_handler_;
  reactor::Loop::HandlerId socket_handler_ = 0;
};

}  // namespace carillon::client
