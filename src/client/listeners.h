// Listeners: the listening sockets of one shard, watched by its loop.
//
// Thread: the shard's. Before the loop runs also the one that makes the shard.
#pragma once

#include <cstdint>
#include <list>

#include "client/listener_options.h"
#include "reactor/listener.h"
#include "reactor/loop.h"

namespace carillon::client {

// A socket that the shard accepts from.
struct Listener {
  reactor::FileDescriptor socket;
  ListenerOptions options;
  std::uint64_t accepted = 0;  // connections
};

class Listeners {
 public:
  // `handler` is called when connections wait.
  Listeners(reactor::Loop& loop, reactor::IoHandler& handler)
      : loop_(loop), handler_(loop.add_handler(handler)) {}
  ~Listeners();
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;

  // Returns false when the loop cannot watch the socket, which is closed then.
  bool add(reactor::FileDescriptor socket, ListenerOptions options);
  // Closes one of them. The kernel resets the connections that wait in its queue, unless another process has
  // a copy of the socket.
  void close(int fd);
  void close_all();

  // A list, so that a listener stays where it is while others are closed.
  std::list<Listener>& all() { return listeners_; }
  const std::list<Listener>& all() const { return listeners_; }

 private:
  reactor::Loop& loop_;
  const reactor::Loop::HandlerId handler_;
  std::list<Listener> listeners_;
};

}  // namespace carillon::client
