// Listeners: the listening sockets of one shard, watched by its loop. Where each shard has a table of
// descriptors of its own, those of shard 0 also have copies of all others, for a process that takes over.
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
  // Closes one of them, or a copy. The kernel resets the connections that wait in its queue, unless another
  // process has a copy of the socket.
  void close(int fd);
  // Keeps a copy of another shard's socket, from which it does not accept. The socket listens as long as
  // there is a copy of it, so this one has to be closed when the other shard closes its own.
  void keep_copy(reactor::FileDescriptor socket, ListenerOptions options);
  // Closes the copies as well.
  void close_all();

  // A list, so that a listener stays where it is while others are closed.
  std::list<Listener>& all() { return listeners_; }
  const std::list<Listener>& all() const { return listeners_; }
  const std::list<Listener>& copies() const { return copies_; }

 private:
  reactor::Loop& loop_;
  const reactor::Loop::HandlerId handler_;
  std::list<Listener> listeners_;
  std::list<Listener> copies_;  // of other shards' sockets
};

}  // namespace carillon::client
