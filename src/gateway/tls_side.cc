// A connection with TLS: its handshake, its records in, and the end of both. What is inside the records
// goes the way of every other connection's bytes.
#include "gateway/shard.h"

namespace carillon::gateway {

// Counts the handshake that begins with these bytes; false when it was closed as one too many of its
// address. Nothing has been computed for it yet.
bool Shard::may_shake_hands(Index index) {
  if (!handshake_rate_ || !tls_clients_->note_first_bytes(index)) return true;
  const IpAddress& peer = connections_[index].exchange().peer;
  if (peer.is_loopback() || is_trusted_proxy(peer)) return true;
  if (handshake_rate_->try_begin(peer.limit_group(), loop_.now())) return true;
  turn_away(index, RefusalReason::tls_handshake_rate, "too many TLS handshakes from this address");
  return false;
}

void Shard::read_ciphertext(Index index, std::string_view ciphertext) {
  const std::uint32_t generation = connections_[index].generation;
  if (!tls_clients_->is_open(index) && !may_shake_hands(index)) return;
  for (;;) {
    Connection& connection = connections_[index];
    // Thrown away: nothing that the peer could still say matters.
    if (connection.state == State::closing || connection.state == State::lingering) return;
    const bool was_open = tls_clients_->is_open(index);
    const TlsClients::Read read = tls_clients_->read(index, connection.fd, ciphertext);
    if (!was_open && tls_clients_->is_open(index)) count_handshake(index);
    if (read.state == reactor::TlsRead::State::failed) {
      on_tls_failure(index, read.why);
      return;
    }
    if (read.sent == TlsClients::Sent::broken) {
      on_broken(index);
      return;
    }
    if (read.state == reactor::TlsRead::State::nothing_now) return;
    if (read.state == reactor::TlsRead::State::ended) {
      on_end_of_stream(index);
      return;
    }
    on_bytes(index, read.plaintext);
    const Connection* still = connections_.find(index, generation);
    if (!still) return;
    if (!takes_bytes(*still)) {
      tls_clients_->keep_unread(index, ciphertext);
      return;
    }
  }
}

void Shard::count_handshake(Index index) {
  counters_.tls_handshakes.add();
  if (tls_clients_->was_resumed(index)) counters_.tls_resumptions.add();
}

// Garbage, plain HTTP, an old version: refused, with an alert on its way; not closed at once, for bytes
// that nobody has read would turn the close into a reset, which can destroy the alert. After the
// handshake: a broken connection like any other.
void Shard::on_tls_failure(Index index, std::string_view why) {
  if (tls_clients_->is_open(index)) {
    on_broken(index);
    return;
  }
  note_refusal(index, RefusalReason::tls_handshake, 0, why);
  linger(index);
}

// No answer in HTTP: the peer could not read it.
void Shard::on_tls_handshake_timeout(Index index) {
  note_refusal(index, RefusalReason::handshake_timeout, 0, "no whole TLS handshake in time");
  linger(index);
}

void Shard::on_tls_writable(Index index) {
  const Connection& connection = connections_[index];
  switch (tls_clients_->send_pending(index, connection.fd)) {
    case TlsClients::Sent::blocked:
      return;
    case TlsClients::Sent::broken:
      on_broken(index);
      return;
    case TlsClients::Sent::all:
      if (connection.state == State::lingering) {
        sockets_.shut_down_writing(connection.fd);
      } else {
        fan_out_.on_writable(index);
      }
  }
}

// close_notify behind our last bytes. True when nothing of ours waits any more.
bool Shard::end_tls(Index index) {
  return tls_clients_->say_end(index, connections_[index].fd) != TlsClients::Sent::blocked;
}

}  // namespace carillon::gateway
