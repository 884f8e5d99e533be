#include "app/vectors/virtual_sockets.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace carillon::app {

int VirtualSockets::open(const std::string& address) {
  sockets_[++last_fd_].address = address;
  return last_fd_;
}

void VirtualSockets::send(int fd, std::string_view bytes) {
  Socket& socket = sockets_[fd];
  if (socket.is_closed) return;
  socket.to_gateway.append(bytes);
  loop_.notify(fd, EPOLLIN);
}

std::string VirtualSockets::take(int fd) {
  Socket& socket = sockets_[fd];
  if (!socket.reads) return {};
  std::string taken = std::exchange(socket.to_client, {});
  if (!socket.is_closed && std::exchange(socket.was_short, false)) loop_.notify(fd, EPOLLOUT);
  return taken;
}

void VirtualSockets::break_off(int fd) {
  Socket& socket = sockets_[fd];
  socket.is_broken = true;
  if (!socket.is_closed) loop_.notify(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP | EPOLLERR);
}

void VirtualSockets::set_reads(int fd, Reads reads) {
  Socket& socket = sockets_[fd];
  socket.reads = reads == Reads::yes;
  if (socket.reads && !socket.is_closed && std::exchange(socket.was_short, false)) {
    loop_.notify(fd, EPOLLOUT);
  }
}

bool VirtualSockets::is_ended(int fd) const {
  const auto found = sockets_.find(fd);
  return found == sockets_.end() || found->second.is_ended || found->second.is_closed;
}

reactor::Accepted VirtualSockets::accept(int, int) {
  reactor::Accepted none;
  none.error = EAGAIN;  // no connection waits: clients are added by open()
  return none;
}

client::ReadResult VirtualSockets::read(int fd, std::span<char> into) {
  using State = client::ReadResult::State;
  Socket& socket = sockets_[fd];
  if (socket.is_broken) return {State::broken, 0};
  const std::size_t count = std::min(into.size(), socket.to_gateway.size() - socket.read_bytes);
  if (count == 0) {
    socket.to_gateway.clear();
    socket.read_bytes = 0;
    return {State::nothing_now, 0};
  }
  std::memcpy(into.data(), socket.to_gateway.data() + socket.read_bytes, count);
  socket.read_bytes += count;
  return {State::bytes, count};
}

WriteResult VirtualSockets::write(int fd, const iovec* pieces, int count) {
  using State = WriteResult::State;
  Socket& socket = sockets_[fd];
  if (socket.is_broken) return {0, State::broken};
  std::size_t written = 0;
  for (int i = 0; i < count; ++i) {
    const std::size_t room = socket.reads ? kUnreadBytesMax - socket.to_client.size() : 0;
    const std::size_t taken = std::min(pieces[i].iov_len, room);
    socket.to_client.append(static_cast<const char*>(pieces[i].iov_base), taken);
    written += taken;
    socket.written += taken;
    if (taken < pieces[i].iov_len) {
      socket.was_short = true;
      return {written, written > 0 ? State::ok : State::blocked};
    }
  }
  return {written, State::ok};
}

void VirtualSockets::end(int fd) {
  Socket& socket = sockets_[fd];
  socket.is_closed = true;
  socket.to_gateway = {};
  socket.read_bytes = 0;
}

client::SendState VirtualSockets::send_state(int fd) {
  return {sockets_[fd].written, 0};  // all of it has arrived
}

}  // namespace carillon::app
