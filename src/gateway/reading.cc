// Reading: which bytes a connection is given, when, and who takes them.
#include <sys/epoll.h>

#include <utility>

#include "gateway/shard.h"

namespace carillon::gateway {
namespace {

constexpr int kReadsAVisit = 4;  // then the others have their turn

}  // namespace

void Shard::on_io(std::uint32_t events, std::uint32_t index, std::uint32_t generation) {
  if (connections_.find(index, generation)) on_socket(index, events);
}

void Shard::on_socket(Index index, std::uint32_t events) {
  if (events & EPOLLOUT) {
    if (connections_[index].tls) {
      on_tls_writable(index);
    } else {
      fan_out_.on_writable(index);
    }
  }
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) read_socket(index);
}

void Shard::read_socket(Index index) {
  const std::uint32_t generation = connections_[index].generation;
  for (int i = 0; i < kReadsAVisit; ++i) {
    Connection* connection = connections_.find(index, generation);
    if (!connection) return;
    if (connection->paused || connection->state == State::answering) {
      connection->readable = true;
      return;
    }
    if (connection->state == State::head && !connection->exchange().unread.empty()) {
      std::string unread = std::exchange(connection->exchange().unread, {});
      on_bytes(index, unread);
      continue;
    }
    if (connection->tls && tls_clients_->has_unread(index)) {
      read_ciphertext(index, tls_clients_->take_unread(index));
      continue;
    }
    if (connection->tls && puts_off_handshake(index)) return;
    const ReadResult result = edge_.read(connection->fd, receive_);
    switch (result.state) {
      case ReadResult::State::nothing_now:
        return;
      case ReadResult::State::end:
        on_end_of_stream(index);
        return;
      case ReadResult::State::broken:
        on_broken(index);
        return;
      case ReadResult::State::bytes:
        counters_.bytes_in.add(result.count);
        if (connection->tls && connection->state != State::proxy_header) {
          read_ciphertext(index, {receive_.data(), result.count});
        } else {
          on_bytes(index, std::span(receive_.data(), result.count));
        }
    }
  }
  if (connections_.find(index, generation)) read_later(index);
}

// Whether on_bytes() may have more now. While not, what came is kept, in order.
bool Shard::takes_bytes(const Connection& connection) const {
  if (connection.paused || connection.state == State::answering) return false;
  return connection.state != State::head || connection.exchange().unread.empty();
}

void Shard::on_bytes(Index index, std::span<char> bytes) {
  switch (connections_[index].state) {
    case State::proxy_header:
      read_proxy_header(index, {bytes.data(), bytes.size()});
      return;
    case State::head:
      read_head(index, {bytes.data(), bytes.size()});
      return;
    case State::body:
      read_body(index, {bytes.data(), bytes.size()});
      return;
    case State::open:
      read_frames(index, bytes);
      return;
    case State::answering:
      connections_[index].exchange().unread.append(bytes.data(), bytes.size());
      return;
    case State::closing:
    case State::lingering:
    case State::unused:
      return;  // thrown away
  }
}

// Once a turn at most, whatever asked for it how often: a client must not get more visits by giving
// more work.
void Shard::read_later(Index index) {
  Connection& connection = connections_[index];
  if (connection.read_queued) return;
  connection.read_queued = true;
  read_again_.emplace_back(index, std::uint32_t{connection.generation});
}

void Shard::read_again() {
  const auto again = std::exchange(read_again_, {});
  for (const auto& [index, generation] : again) {
    Connection* connection = connections_.find(index, generation);
    if (!connection) continue;
    connection->read_queued = false;
    read_socket(index);
  }
}

}  // namespace carillon::gateway
