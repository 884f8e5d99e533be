// Gateway: a Node on threads of its own, with listening sockets of the kernel.
//
// Thread: created, run and destroyed by one thread, which is loop 0's; stop() may be called from any.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "base/log.h"
#include "config/settings.h"
#include "gateway/node.h"

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

  // Serves until stop() or the end of a drain.
  Result<std::monostate> run();
  void stop() { node_->stop(); }  // any thread

  Node& node() { return *node_; }
  const Node& node() const { return *node_; }
  // Loop 0, on which app/ also watches for signals.
  reactor::Loop& main_loop() { return node_->loop(0); }
  const std::vector<reactor::SocketAddress>& listening_on() const { return listening_on_; }

 private:
  Gateway(std::unique_ptr<Node> node, Log& log) : node_(std::move(node)), log_(log) {}
  Result<std::monostate> bind_all();
  Result<std::monostate> bind(reactor::SocketAddress address, const client::ListenerOptions& options);
  Result<std::monostate> start_threads();

  std::unique_ptr<Node> node_;
  Log& log_;
  std::vector<reactor::SocketAddress> listening_on_;
  std::vector<std::thread> threads_;
};

}  // namespace carillon::gateway
