#include "client/listeners.h"

#include <sys/epoll.h>

#include <utility>

namespace carillon::client {

Listeners::~Listeners() {
  close_all();
  loop_.remove_handler(handler_);
}

bool Listeners::add(reactor::FileDescriptor socket, ListenerOptions options) {
  const std::uint32_t events = EPOLLIN | (options.is_shared ? EPOLLEXCLUSIVE : 0U);
  if (!loop_.watch(socket.get(), events, handler_, 0, 0)) return false;
  listeners_.push_back({std::move(socket), std::move(options)});
  return true;
}

void Listeners::close(int fd) {
  listeners_.remove_if([this, fd](const Listener& each) {
    if (each.socket.get() != fd) return false;
    loop_.unwatch(fd);
    return true;
  });
  copies_.remove_if([fd](const Listener& each) { return each.socket.get() == fd; });
}

void Listeners::keep_copy(reactor::FileDescriptor socket, ListenerOptions options) {
  copies_.push_back({std::move(socket), std::move(options)});
}

void Listeners::close_all() {
  for (const Listener& each : listeners_) loop_.unwatch(each.socket.get());
  listeners_.clear();
  copies_.clear();
}

}  // namespace carillon::client
