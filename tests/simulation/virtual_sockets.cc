#include "virtual_sockets.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace carillon::simulation {

using client::ReadResult;

VirtualSockets::VirtualSockets(VirtualClock& clock, Dice& dice, Trace& trace, FedSoFar fed_so_far)
    : clock_(clock), dice_(dice), trace_(trace), fed_so_far_(std::move(fed_so_far)) {}

// --- listening ----------------------------------------------------------------------------------

int VirtualSockets::open_listener(VirtualLoop& loop, int node, int shard) {
  const int fd = next_fd_++;
  listeners_[fd] = {&loop, node, shard, {}, 0, 0};
  return fd;
}

void VirtualSockets::close_listener(int listener_fd) {
  for (const int fd : listeners_.at(listener_fd).waiting) {
    if (const auto found = sockets_.find(fd); found != sockets_.end()) found->second.node_reset = true;
    changed(fd);
  }
  listeners_.erase(listener_fd);
}

void VirtualSockets::fail_accepts(int listener, int error, int times) {
  listeners_.at(listener).error = error;
  listeners_.at(listener).errors_left = times;
}

std::vector<int> VirtualSockets::listeners_of(int node) const {
  std::vector<int> all;
  for (const auto& [fd, listener] : listeners_) {
    if (listener.node == node) all.push_back(fd);
  }
  return all;
}

reactor::Accepted VirtualSockets::accept(int listener_fd, int) {
  reactor::Accepted accepted;
  const auto found = listeners_.find(listener_fd);
  if (found == listeners_.end() || found->second.waiting.empty()) {
    accepted.error = EAGAIN;
    return accepted;
  }
  Listener& listener = found->second;
  if (listener.errors_left > 0) {
    --listener.errors_left;
    accepted.error = listener.error;
    return accepted;
  }
  accepted.fd = listener.waiting.front();
  listener.waiting.pop_front();
  VirtualSocket& socket = sockets_.at(accepted.fd);
  socket.accepted = true;
  accepted.peer = {socket.address, 1};
  trace_.note(clock_.now, "accepted", accepted.fd);
  return accepted;
}

// --- what clients do ----------------------------------------------------------------------------

int VirtualSockets::connect(int listener_fd, const std::string& address) {
  Listener& listener = listeners_.at(listener_fd);
  const int fd = next_fd_++;
  VirtualSocket& socket = sockets_[fd];
  socket.node = listener.node;
  socket.shard = listener.shard;
  socket.loop = listener.loop;
  socket.address = address;
  listener.waiting.push_back(fd);
  listener.loop->notify(listener_fd, EPOLLIN);
  trace_.note(clock_.now, "connect", fd, address);
  return fd;
}

void VirtualSockets::send(int fd, std::string_view bytes) {
  VirtualSocket& socket = sockets_.at(fd);
  if (!socket.is_open() || socket.client_ended || socket.client_reset || bytes.empty()) return;
  trace_.note(clock_.now, "client sends", fd, bytes);
  socket.to_node.append(bytes);
  socket.loop->notify(fd, EPOLLIN);
}

std::string VirtualSockets::receive(int fd, std::size_t bytes_max) {
  VirtualSocket& socket = sockets_.at(fd);
  const std::size_t count = std::min(bytes_max, socket.to_client.size());
  std::string bytes = socket.to_client.substr(0, count);
  socket.to_client.erase(0, count);
  socket.acked = socket.written;
  if (count > 0 && socket.was_short && socket.is_open()) {
    socket.was_short = false;
    socket.loop->notify(fd, EPOLLOUT);
  }
  return bytes;
}

void VirtualSockets::end(int fd) {
  VirtualSocket& socket = sockets_.at(fd);
  if (socket.client_ended || socket.client_reset) return;
  trace_.note(clock_.now, "client ends", fd);
  socket.client_ended = true;
  if (socket.is_open()) socket.loop->notify(fd, EPOLLIN | EPOLLRDHUP);
}

void VirtualSockets::reset(int fd, std::string_view why) {
  VirtualSocket& socket = sockets_.at(fd);
  if (socket.client_reset) return;
  trace_.note(clock_.now, "client resets", fd, why);
  socket.client_reset = true;
  if (socket.is_open()) socket.loop->notify(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP | EPOLLERR);
}

std::uint32_t VirtualSockets::readiness_of(int fd) const {
  if (const auto listener = listeners_.find(fd); listener != listeners_.end()) {
    return listener->second.waiting.empty() ? 0U : std::uint32_t{EPOLLIN};
  }
  const auto found = sockets_.find(fd);
  if (found == sockets_.end()) return 0;
  const VirtualSocket& socket = found->second;
  std::uint32_t events = socket.has_room() ? EPOLLOUT : 0U;
  if (!socket.to_node.empty()) events |= EPOLLIN;
  if (socket.client_ended) events |= EPOLLIN | EPOLLRDHUP;
  if (socket.client_reset) events |= EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  return events;
}

void VirtualSockets::owe_edge(int fd, std::uint32_t events) {
  owed_.emplace(clock_.now + std::chrono::microseconds(dice_.below(5000)), std::pair(fd, events));
}

void VirtualSockets::give_owed_edges() {
  while (!owed_.empty() && owed_.begin()->first <= clock_.now) {
    const auto [fd, events] = owed_.begin()->second;
    owed_.erase(owed_.begin());
    const auto found = sockets_.find(fd);
    if (found == sockets_.end() || !found->second.is_open()) continue;
    if ((events & EPOLLOUT) != 0) {
      if (!found->second.was_short || !found->second.has_room()) continue;
      found->second.was_short = false;
    }
    found->second.loop->notify(fd, events);
  }
}

// --- what the node does -------------------------------------------------------------------------

VirtualSocket* VirtualSockets::used(int fd, std::string_view call) {
  const auto found = sockets_.find(fd);
  if (found != sockets_.end() && found->second.is_open() && found->second.accepted) return &found->second;
  if (misuse.empty()) misuse = std::string(call) + " on a descriptor that is not open";
  return nullptr;
}

ReadResult VirtualSockets::read(int fd, std::span<char> into) {
  VirtualSocket* const socket = used(fd, "read");
  if (!socket || socket->client_reset) return {ReadResult::State::broken, 0};
  std::size_t count = std::min({into.size(), socket->to_node.size(), socket->read_bytes_max});
  if (count == 0) {
    return {socket->client_ended ? ReadResult::State::end : ReadResult::State::nothing_now, 0};
  }
  if (dice_.chance(faults.short_reads)) count = 1 + dice_.below(static_cast<std::uint32_t>(count));
  std::memcpy(into.data(), socket->to_node.data(), count);
  socket->to_node.erase(0, count);
  return {ReadResult::State::bytes, count};
}

WriteResult VirtualSockets::write(int fd, const iovec* pieces, int count) {
  VirtualSocket* const socket = used(fd, "write");
  if (!socket || socket->client_reset) return {0, WriteResult::State::broken};
  if (socket->node_ended && misuse.empty()) misuse = "write after shutdown";
  std::size_t wanted = 0;
  for (int i = 0; i < count; ++i) wanted += pieces[i].iov_len;
  std::size_t allowed =
      std::min(wanted, socket->buffer_max - std::min(socket->buffer_max, socket->to_client.size()));
  if (wanted > 0 && dice_.chance(faults.blocked_writes)) {
    allowed = 0;
    ++shorts_given;
  } else if (allowed > 0 && dice_.chance(faults.short_writes)) {
    allowed = dice_.below(static_cast<std::uint32_t>(allowed));
    ++shorts_given;
  }
  const std::size_t before = socket->to_client.size();
  std::size_t left = allowed;
  for (int i = 0; i < count && left > 0; ++i) {
    const std::size_t take = std::min(pieces[i].iov_len, left);
    socket->to_client.append(static_cast<const char*>(pieces[i].iov_base), take);
    left -= take;
  }
  socket->written += allowed;
  if (!socket->vanished) socket->acked = socket->written;
  if (allowed > 0) {
    trace_.note(clock_.now, "node writes", fd, std::string_view(socket->to_client).substr(before));
    socket->stamps.push_back({socket->written, fed_so_far_(socket->node)});
    changed(fd);
  }
  if (allowed == wanted) return {allowed, WriteResult::State::ok};
  socket->was_short = true;
  socket->short_at = clock_.now;
  on_short(socket->node);
  if (socket->has_room()) owe_edge(fd, EPOLLOUT);
  return {allowed, allowed > 0 ? WriteResult::State::ok : WriteResult::State::blocked};
}

void VirtualSockets::shut_down_writing(int fd) {
  VirtualSocket* const socket = used(fd, "shutdown");
  if (!socket) return;
  trace_.note(clock_.now, "node ends", fd);
  socket->node_ended = true;
  changed(fd);
}

void VirtualSockets::close(int fd) {
  VirtualSocket* const socket = used(fd, "close");
  if (!socket) return;
  trace_.note(clock_.now, "node closes", fd);
  socket->node_closed = true;
  changed(fd);
}

std::string VirtualSockets::peer_host(int fd) {
  const VirtualSocket* const socket = used(fd, "peer_host");
  return socket ? socket->address : std::string();
}

void VirtualSockets::reset(int fd) {
  VirtualSocket* const socket = used(fd, "reset");
  if (!socket) return;
  trace_.note(clock_.now, "node resets", fd);
  socket->node_reset = true;
  changed(fd);
}

client::SendState VirtualSockets::send_state(int fd) {
  const VirtualSocket* const socket = used(fd, "send_state");
  if (!socket) return {};
  return {socket->acked, socket->written - socket->acked};
}

MonoTime VirtualSockets::precise_now() {
  clock_.now += std::chrono::microseconds(dice_.below(faults.clock_cost_us + 1));
  return clock_.now;
}

}  // namespace carillon::simulation
