// Gateway: a Node on threads of its own, with listening sockets of the kernel.
//
// Thread: created, run and destroyed by one thread, which is loop 0's; stop() may be called from any.
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/log.h"
#include "config/settings.h"
#include "gateway/inherited_sockets.h"
#include "gateway/listener_retirement.h"
#include "gateway/node.h"
#include "reactor/tls_context.h"

namespace carillon::gateway {

class Listening;

// A copy of a listening socket. Without a descriptor when there was none left.
struct SocketCopy {
  reactor::FileDescriptor socket;
  client::ListenerOptions options;
};

class Gateway final {
 public:
  // Binds the listeners and checks the keys; every start-up error is returned here. `handler` and `log`
  // outlive the gateway.
  static Result<std::unique_ptr<Gateway>> create(config::Settings settings, client::HttpHandler& handler,
                                                 Log& log, Inheritance inheritance = {});
  // After a takeover (Inheritance::From::another_process) the shards listen only from this call on, so that
  // no client is accepted before the bus is up; `done` is called on loop 0 when all do. Once; loop 0's
  // thread, while the loops run.
  void begin_listening(const std::function<void()>& done);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // Serves until stop() or the end of a drain. `before_serving` is called once every shard's thread has its
  // table of descriptors; what it opens is in the calling thread's. When it fails, nothing is served.
  // `serving` is called on loop 0 in its first turn: a bus in the process (memory:) is up by then.
  Result<std::monostate> run(const std::function<Result<std::monostate>()>& before_serving = {},
                             std::function<void()> serving = {});
  void stop() { node_->stop(); }  // any thread

  Node& node() { return *node_; }
  const Node& node() const { return *node_; }
  // Loop 0, on which app/ also watches for signals.
  reactor::Loop& main_loop() { return node_->loop(0); }
  const std::vector<reactor::SocketAddress>& listening_on() const { return listening_on_; }
  // Copies the listening sockets of all shards, each on the thread of its shard, for another process; `done`
  // is called with them on loop 0, those of one address in the order of the kernel's group. Those that this
  // process gives up itself (ListenerOptions::is_left_over) are left out. Any thread.
  void copy_sockets(const std::function<void(std::vector<SocketCopy>)>& done);
  // Closes the inherited sockets of addresses that are not in server.listen: the process that they come from
  // has ended. Any thread.
  void close_left_over();
  // The process that the sockets come from accepts no more: closes those that this one does not need, once
  // they are empty (ListenerRetirement). Call once, on loop 0's thread.
  void retire_listeners();
  // Of every TLS context of this process, also of those that a reload makes.
  const std::shared_ptr<reactor::TicketKeys>& ticket_keys() const { return ticket_keys_; }

 private:
  Gateway(std::unique_ptr<Node> node, Log& log, Inheritance inheritance,
          std::shared_ptr<reactor::TicketKeys> ticket_keys);
  Result<std::monostate> start_threads();
  void renew_ticket_keys();

  Log& log_;
  std::unique_ptr<Node> node_;
  std::unique_ptr<ListenerRetirement> retirement_;  // null before retire_listeners()
  std::unique_ptr<Listening> listening_;            // null once the shards listen
  Inheritance inheritance_;
  const std::shared_ptr<reactor::TicketKeys> ticket_keys_;
  std::vector<reactor::SocketAddress> listening_on_;
  std::vector<std::thread> threads_;
};

}  // namespace carillon::gateway
