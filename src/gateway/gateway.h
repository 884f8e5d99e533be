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
#include "gateway/node.h"
#include "reactor/tls_context.h"

namespace carillon::gateway {

class Gateway final {
 public:
  // Binds the listeners and checks the keys; every start-up error is returned here. `handler` and `log`
  // outlive the gateway.
  static Result<std::unique_ptr<Gateway>> create(config::Settings settings, client::HttpHandler& handler,
                                                 Log& log);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // Serves until stop() or the end of a drain. `before_serving` is called once every shard's thread has its
  // table of descriptors; what it opens is in the calling thread's. When it fails, nothing is served.
  Result<std::monostate> run(const std::function<Result<std::monostate>()>& before_serving = {});
  void stop() { node_->stop(); }  // any thread

  Node& node() { return *node_; }
  const Node& node() const { return *node_; }
  // Loop 0, on which app/ also watches for signals.
  reactor::Loop& main_loop() { return node_->loop(0); }
  const std::vector<reactor::SocketAddress>& listening_on() const { return listening_on_; }
  // Of every TLS context of this process, also of those that a reload makes.
  const reactor::TicketKeys& ticket_keys() const { return ticket_keys_; }

 private:
  Gateway(std::unique_ptr<Node> node, Log& log) : node_(std::move(node)), log_(log) {}
  Result<std::monostate> bind_all();
  Result<std::monostate> bind(reactor::SocketAddress address, const client::ListenerOptions& options);
  Result<std::monostate> start_threads();

  std::unique_ptr<Node> node_;
  Log& log_;
  const reactor::TicketKeys ticket_keys_ = reactor::TicketKeys::random();
  std::vector<reactor::SocketAddress> listening_on_;
  std::vector<std::thread> threads_;
};

}  // namespace carillon::gateway
