// Reading: which bytes a connection is given, when, and who takes them.
#include <sys/epoll.h>

#include <utility>

#include "gateway/shard.h"

namespace carillon::gateway {
namespace {

// One visit to a connection reads at most so much. The smallest frame has 6 bytes, the smallest request
// about 20, so this bounds a visit's work as well; the sessions bound it further.
constexpr std::size_t kVisitBytes = 16 * 1024;
constexpr int kReadsAVisit = 4;
// Of a turn. While events wait to be written, a quarter of their slice (shard.cc).
constexpr std::chrono::microseconds kReadSlice(1000);
constexpr std::chrono::microseconds kReadSliceBesideWrites(125);

}  // namespace

void Shard::on_io(std::uint32_t events, std::uint32_t index, std::uint32_t generation) {
  if (clients_.table().find(index, generation)) on_socket(index, events);
}

void Shard::on_socket(Index index, std::uint32_t events) {
  if (events & EPOLLOUT) {
    const std::uint32_t generation = clients_[index].generation;
    clients_.on_writable(index);
    if (!clients_.table().find(index, generation)) return;
  }
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
    clients_.read_later(index, ReadQueue::Lane::fresh);
}

// The turn's reading. What does not fit into the slice waits for the next turn: events go out in between.
void Shard::read_waiting() {
  if (clients_.reads().empty()) return;
  clients_.reads().begin_slice(sockets_.precise_now(),
                               fan_out_.has_work() ? kReadSliceBesideWrites : kReadSlice);
  while (const auto waiting = clients_.reads().next()) {
    if (Connection* connection = clients_.table().find(waiting->index, waiting->generation)) {
      connection->read_queued = false;
      read_visit(waiting->index);
    }
    clients_.reads().end_visit(sockets_.precise_now());
  }
  if (!clients_.reads().empty()) counters_.read_slices_used_up.add();
}

void Shard::read_visit(Index index) {
  const std::uint32_t generation = clients_[index].generation;
  std::size_t bytes_left = kVisitBytes;
  http_.begin_visit();
  for (int i = 0; i < kReadsAVisit && bytes_left > 0; ++i) {
    Connection* connection = clients_.table().find(index, generation);
    if (!connection) return;
    if (connection->paused || connection->state == State::answering) {
      connection->readable = true;
      return;
    }
    if (has_unread(*connection)) {
      if (i > 0) break;  // this visit has left it
      feed_unread(index);
      continue;
    }
    if (connection->tls && clients_.tls().has_unread(index)) {
      read_ciphertext(index, clients_.tls().take_unread(index));
      continue;
    }
    const ReadResult result = sockets_.read(connection->fd, std::span(receive_).first(bytes_left));
    switch (result.state) {
      case ReadResult::State::nothing_now:
        return;
      case ReadResult::State::end:
        on_end_of_stream(index);
        return;
      case ReadResult::State::broken:
        clients_.close(index, CloseReason::client_gone, {}, CloseMode::close);
        return;
      case ReadResult::State::bytes:
        bytes_left -= result.count;
        read_bytes(index, result.count);
    }
  }
  if (clients_.table().find(index, generation)) clients_.read_later(index, ReadQueue::Lane::rest);
}

void Shard::resume_paused() {
  for (const auto& [index, generation] : clients_.reads().take_paused()) {
    Connection* connection = clients_.table().find(index, generation);
    if (!connection || !connection->paused) continue;
    connection->paused = false;
    if (connection->state == State::open) {
      streams_.resume(index);
    } else if (speaks_http(*connection)) {
      http_.resume(index);
    }
  }
}

// Bytes that came with an earlier read and had to wait.
bool Shard::has_unread(const Connection& connection) {
  if (connection.state == State::head) return !connection.exchange().unread.empty();
  const Inbound* const inbound = connection.state == State::open ? connection.transient.inbound() : nullptr;
  return inbound && !inbound->unread.empty();
}

void Shard::feed_unread(Index index) {
  Connection& connection = clients_[index];
  std::string& kept =
      connection.state == State::head ? connection.exchange().unread : connection.transient.inbound()->unread;
  std::string unread = std::exchange(kept, {});
  on_bytes(index, unread);
}

void Shard::read_bytes(Index index, std::size_t count) {
  counters_.bytes_in.add(count);
  const Connection& connection = clients_[index];
  if (connection.tls && connection.state != State::proxy_header) {
    read_ciphertext(index, {receive_.data(), count});
  } else {
    on_bytes(index, std::span(receive_).first(count));
  }
}

// Whether on_bytes() may have more now. While not, what came is kept, in order.
bool Shard::takes_bytes(const Connection& connection) const {
  if (connection.paused || connection.state == State::answering) return false;
  return !has_unread(connection);
}

void Shard::on_bytes(Index index, std::span<char> bytes) {
  switch (clients_[index].state) {
    case State::proxy_header:
      read_proxy_header(index, {bytes.data(), bytes.size()});
      return;
    case State::head:
    case State::body:
    case State::answering:
      http_.on_bytes(index, {bytes.data(), bytes.size()});
      return;
    case State::open:
      streams_.on_bytes(index, bytes);
      return;
    case State::closing:
    case State::lingering:
    case State::unused:
      return;  // thrown away
  }
}

void Shard::read_proxy_header(Index index, std::string_view bytes) {
  Connection& connection = clients_[index];
  HttpExchange& exchange = connection.exchange();
  http::ProxyHeaderReader& reader = *exchange.proxy_header;
  const auto step = reader.feed(bytes);
  if (step.state == http::ProxyHeaderState::need_more) return;
  if (step.state == http::ProxyHeaderState::fault) {
    acceptor_.turn_away(index, RefusalReason::proxy_header, reader.fault());
    return;
  }
  if (reader.source()) exchange.peer = exchange.client = *reader.source();
  exchange.proxy_header.reset();
  connection.state = State::head;
  if (!acceptor_.count_address(index)) return;
  // What is left is the client's own: TLS, where the address has it, begins here.
  const std::string_view rest = bytes.substr(step.consumed);
  if (rest.empty()) return;
  if (connection.tls) {
    read_ciphertext(index, rest);
  } else {
    http_.on_bytes(index, rest);
  }
}

void Shard::on_end_of_stream(Index index) {
  switch (clients_[index].state) {
    case State::closing:
      return;
    case State::head:
    case State::body:
    case State::answering:
      http_.on_end_of_stream(index);
      return;
    case State::proxy_header:
    case State::open:
    case State::lingering:
    case State::unused:
      clients_.close(index, CloseReason::client_gone, {}, CloseMode::close);
  }
}

}  // namespace carillon::gateway
