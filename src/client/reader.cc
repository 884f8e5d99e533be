#include "client/reader.h"

#include <sys/epoll.h>

#include <string>
#include <utility>

namespace carillon::client {
namespace {

constexpr std::size_t kReceiveBytes = 64 * 1024;
// One visit to a connection reads at most this many bytes. The smallest frame has 6 bytes, the smallest
// request about 20, so this bounds a visit's work as well; the sessions bound it further.
constexpr std::size_t kVisitBytes = 16 * 1024;
constexpr int kReadsAVisit = 4;

// Bytes that came with an earlier read and had to wait.
bool has_unread(const Connection& connection) {
  if (connection.state == State::head) return !connection.exchange().unread.empty();
  const Inbound* const inbound = connection.state == State::open ? connection.transient.inbound() : nullptr;
  return inbound && !inbound->unread.empty();
}

bool is_read(const Connection& connection) {
  return !connection.paused && connection.state != State::answering;
}

}  // namespace

Reader::Reader(const Parts& parts)
    : parts_(parts), handler_(parts.loop.add_handler(*this)), receive_(kReceiveBytes) {
  parts_.acceptor.set_socket_handler(handler_);
}

Reader::~Reader() { parts_.loop.remove_handler(handler_); }

void Reader::on_io(std::uint32_t events, std::uint32_t index, std::uint32_t generation) {
  ConnectionTable& table = parts_.clients.table();
  if (!table.find(index, generation)) return;
  if (events & EPOLLOUT) {
    parts_.clients.on_writable(index);
    if (table[index].state == State::unused) return;
  }
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
    parts_.clients.read_later(index, ReadQueue::Lane::fresh);
  }
}

// --- whose turn it is ---------------------------------------------------------------------------

void Reader::read_waiting(MonoClock::duration slice) {
  ReadQueue& queue = parts_.clients.reads();
  if (queue.empty()) return;
  queue.begin_slice(parts_.sockets.precise_now(), slice);
  while (const auto waiting = queue.next()) {
    if (Connection* const connection = parts_.clients.table().find(waiting->index, waiting->generation)) {
      connection->read_queued = false;
      visit(waiting->index);
    }
    queue.end_visit(parts_.sockets.precise_now());
  }
  if (!queue.empty()) parts_.counters.read_slices_used_up.add();
}

void Reader::visit(Index index) {
  std::size_t bytes_left = kVisitBytes;
  parts_.http.begin_visit();
  for (int i = 0; i < kReadsAVisit && bytes_left > 0; ++i) {
    Connection& connection = parts_.clients[index];
    if (!is_read(connection)) {
      connection.readable = true;
      return;
    }
    if (has_unread(connection)) {
      if (i > 0) break;  // this visit has left it
      feed_unread(index);
    } else if (connection.tls && parts_.clients.tls().has_unread(index)) {
      read_ciphertext(index, parts_.clients.tls().take_unread(index));
    } else if (!read_once(index, bytes_left)) {
      return;
    }
    if (parts_.clients[index].state == State::unused) return;
  }
  parts_.clients.read_later(index, ReadQueue::Lane::rest);
}

// False when nothing more is to be read: there are no bytes now, or the stream has ended.
bool Reader::read_once(Index index, std::size_t& bytes_left) {
  const Connection& connection = parts_.clients[index];
  const ReadResult result = parts_.sockets.read(connection.fd, std::span(receive_).first(bytes_left));
  switch (result.state) {
    case ReadResult::State::nothing_now:
      return false;
    case ReadResult::State::end:
      on_end_of_stream(index);
      return false;
    case ReadResult::State::broken:
      parts_.clients.close(index, CloseReason::client_gone, {}, CloseMode::close);
      return false;
    case ReadResult::State::bytes:
      break;
  }
  bytes_left -= result.count;
  count_received(connection, result.count);
  if (connection.tls && connection.state != State::proxy_header) {
    read_ciphertext(index, {receive_.data(), result.count});
  } else {
    on_bytes(index, std::span(receive_).first(result.count));
  }
  return true;
}

void Reader::count_received(const Connection& connection, std::size_t bytes) {
  if (connection.opened) {
    parts_.counters.endpoints[connection.endpoint].bytes_in.add(bytes);
  } else {
    parts_.counters.http_bytes_in.add(bytes);
  }
}

void Reader::feed_unread(Index index) {
  Connection& connection = parts_.clients[index];
  std::string& kept =
      connection.state == State::head ? connection.exchange().unread : connection.transient.inbound()->unread;
  std::string unread = std::exchange(kept, {});
  on_bytes(index, unread);
}

void Reader::resume_paused() {
  for (const auto& [index, generation] : parts_.clients.reads().take_paused()) {
    Connection* const connection = parts_.clients.table().find(index, generation);
    if (!connection || !connection->paused) continue;
    connection->paused = false;
    if (connection->state == State::open) {
      parts_.streams.resume(index);
    } else if (speaks_http(*connection)) {
      parts_.http.resume(index);
    }
  }
}

// --- whose bytes they are -----------------------------------------------------------------------

void Reader::on_bytes(Index index, std::span<char> bytes) {
  switch (parts_.clients[index].state) {
    case State::proxy_header:
      read_proxy_header(index, {bytes.data(), bytes.size()});
      return;
    case State::head:
    case State::body:
    case State::answering:
      parts_.http.on_bytes(index, {bytes.data(), bytes.size()});
      return;
    case State::open:
      parts_.streams.on_bytes(index, bytes);
      return;
    case State::closing:
    case State::lingering:
    case State::unused:
      return;  // thrown away
  }
}

void Reader::on_end_of_stream(Index index) {
  switch (parts_.clients[index].state) {
    case State::closing:
      return;
    case State::head:
    case State::body:
    case State::answering:
      parts_.http.on_end_of_stream(index);
      return;
    case State::proxy_header:
    case State::open:
    case State::lingering:
    case State::unused:
      parts_.clients.close(index, CloseReason::client_gone, {}, CloseMode::close);
  }
}

// --- what precedes HTTP: a PROXY header, a TLS handshake ----------------------------------------

bool Reader::is_before_http(Index index) {
  const Connection& connection = parts_.clients[index];
  if (connection.state == State::proxy_header) return true;
  return connection.state == State::head && connection.tls && !parts_.clients.tls().is_open(index);
}

void Reader::on_deadline(Index index) {
  const HttpExchange& exchange = parts_.clients[index].exchange();
  const MonoTime now = parts_.loop.now();
  if (parts_.clients.put_off_for_unread(index, now - exchange.read_due)) return;
  if (parts_.clients[index].state == State::proxy_header) {
    parts_.acceptor.turn_away(index, RefusalReason::handshake_timeout, "no whole PROXY header in time");
    return;
  }
  // No answer in HTTP: the peer could not read it.
  parts_.clients.log().on_refusal(exchange, RefusalReason::handshake_timeout, 0,
                                  "no whole TLS handshake in time", now);
  parts_.clients.linger(index);
}

void Reader::read_proxy_header(Index index, std::string_view bytes) {
  Connection& connection = parts_.clients[index];
  HttpExchange& exchange = connection.exchange();
  http::ProxyHeaderReader& reader = *exchange.proxy_header;
  const auto step = reader.feed(bytes);
  if (step.state == http::ProxyHeaderState::need_more) return;
  if (step.state == http::ProxyHeaderState::fault) {
    parts_.acceptor.turn_away(index, RefusalReason::proxy_header, reader.fault());
    return;
  }
  if (reader.source()) exchange.peer = exchange.client = *reader.source();
  exchange.proxy_header.reset();
  connection.state = State::head;
  if (!parts_.acceptor.count_address(index)) return;
  // What is left is the client's own: TLS, where the address has it, begins here.
  const std::string_view rest = bytes.substr(step.consumed);
  if (rest.empty()) return;
  if (connection.tls) {
    read_ciphertext(index, rest);
  } else {
    parts_.http.on_bytes(index, rest);
  }
}

// Reads bytes of a connection with TLS. Decrypted bytes are handled like a plain connection's.
void Reader::read_ciphertext(Index index, std::string_view ciphertext) {
  TlsClients& tls = parts_.clients.tls();
  if (!tls.is_open(index) && !parts_.acceptor.may_shake_hands(index)) return;
  for (;;) {
    const Connection& connection = parts_.clients[index];
    // The bytes are discarded: nothing that the peer could still send matters.
    if (connection.state == State::closing || connection.state == State::lingering) return;
    const bool was_open = tls.is_open(index);
    const TlsClients::Read read = tls.read(index, connection.fd, ciphertext);
    if (!was_open && tls.is_open(index)) count_handshake(index);
    if (read.state == reactor::TlsRead::State::failed) return on_tls_failure(index, read.why);
    if (read.sent == TlsClients::Sent::broken) {
      parts_.clients.close(index, CloseReason::client_gone, {}, CloseMode::close);
      return;
    }
    if (read.state == reactor::TlsRead::State::nothing_now) return;
    if (read.state == reactor::TlsRead::State::ended) return on_end_of_stream(index);
    on_bytes(index, read.plaintext);
    if (connection.state == State::unused) return;
    if (!is_read(connection) || has_unread(connection)) {  // what came is kept, in order
      tls.keep_unread(index, ciphertext);
      return;
    }
  }
}

void Reader::count_handshake(Index index) {
  parts_.counters.tls_handshakes.add();
  if (parts_.clients.tls().was_resumed(index)) parts_.counters.tls_resumptions.add();
}

// TLS failed. During the handshake (garbage, plain HTTP, an old version) the alert is sent and the connection
// lingers: closing with unread bytes would send RST, which can destroy the alert. After the handshake it is
// closed like any broken connection.
void Reader::on_tls_failure(Index index, std::string_view why) {
  if (parts_.clients.tls().is_open(index)) {
    parts_.clients.close(index, CloseReason::client_gone, {}, CloseMode::close);
    return;
  }
  parts_.clients.log().on_refusal(parts_.clients[index].exchange(), RefusalReason::tls_handshake, 0, why,
                                  parts_.loop.now());
  parts_.clients.linger(index);
}

}  // namespace carillon::client
