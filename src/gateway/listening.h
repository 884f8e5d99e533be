// Listening: gives every shard its sockets for every address: its own, inherited ones, or one that all share.
//
// Each shard has a socket of its own for each address (SO_REUSEPORT), and the kernel spreads new connections
// over them. A socket that is inherited is never bound again. Those that are more than there are shards, or
// whose address is not in server.listen any more, are given to shard 0: connections wait in their queues
// until somebody accepts them.
//
// Thread: loop 0's.
#pragma once

#include <memory>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "client/tls_contexts.h"
#include "gateway/inherited_sockets.h"
#include "gateway/node.h"

namespace carillon::gateway {

class Listening {
 public:
  Listening(Node& node, Log& log, Inheritance& inheritance,
            std::shared_ptr<const reactor::TicketKeys> tickets)
      : node_(node), log_(log), inheritance_(inheritance), tickets_(std::move(tickets)) {}

  // Opens the sockets of all addresses of server.listen. Errors name the address and the remedy. In a
  // takeover those that are not inherited are only bound until begin(): the kernel would give connections to
  // a socket that listens, and they would be reset if this process failed to take over.
  Result<std::monostate> open();
  // Gives the sockets to the shards: at once, or while the loops run by functions posted to them. Where each
  // shard has a table of descriptors of its own, it keeps its sockets' numbers, and shard 0 gets copies.
  enum class Loops { run, do_not_run };
  Result<std::monostate> begin(Loops loops);
  // The descriptors of a shard's sockets, before begin().
  std::vector<int> sockets_of(std::size_t shard) const;
  // The addresses, with the ports that port 0 has become.
  const std::vector<reactor::SocketAddress>& addresses() const { return addresses_; }

 private:
  struct Opened {
    std::size_t shard;
    reactor::FileDescriptor socket;
    client::ListenerOptions options;
    bool is_listening = true;  // false: it is only bound until begin()
  };

  void start_listening();
  void post(Opened each);
  void post_to_its_table(Opened each);
  Result<std::monostate> bind(reactor::SocketAddress address, const client::ListenerOptions& options);
  Result<std::monostate> open_sockets(reactor::SocketAddress& address, const client::ListenerOptions& options,
                                      std::vector<reactor::FileDescriptor> inherited);
  Result<std::monostate> share(const client::ListenerOptions& options, reactor::FileDescriptor socket);
  void take_left_over();
  std::vector<reactor::FileDescriptor> take_inherited(const reactor::SocketAddress& address,
                                                      const client::ListenerOptions& options,
                                                      bool& is_shared);

  Node& node_;
  Log& log_;
  Inheritance& inheritance_;
  const std::shared_ptr<const reactor::TicketKeys> tickets_;
  std::vector<reactor::SocketAddress> addresses_;
  std::vector<Opened> opened_;
};

}  // namespace carillon::gateway
