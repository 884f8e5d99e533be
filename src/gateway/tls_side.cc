// A connection with TLS: its handshake, its records in, and the end of both. What is inside the records
// goes the way of every other connection's bytes.
#include "gateway/shard.h"

namespace carillon::gateway {

void Shard::read_ciphertext(Index index, std::string_view ciphertext) {
  const std::uint32_t generation = clients_[index].generation;
  if (!clients_.tls().is_open(index) && !acceptor_.may_shake_hands(index)) return;
  for (;;) {
    Connection& connection = clients_[index];
    // Thrown away: nothing that the peer could still say matters.
    if (connection.state == State::closing || connection.state == State::lingering) return;
    const bool was_open = clients_.tls().is_open(index);
    const TlsClients::Read read = clients_.tls().read(index, connection.fd, ciphertext);
    if (!was_open && clients_.tls().is_open(index)) count_handshake(index);
    if (read.state == reactor::TlsRead::State::failed) {
      on_tls_failure(index, read.why);
      return;
    }
    if (read.sent == TlsClients::Sent::broken) {
      clients_.close(index, CloseReason::client_gone, {}, CloseMode::close);
      return;
    }
    if (read.state == reactor::TlsRead::State::nothing_now) return;
    if (read.state == reactor::TlsRead::State::ended) {
      on_end_of_stream(index);
      return;
    }
    on_bytes(index, read.plaintext);
    const Connection* still = clients_.table().find(index, generation);
    if (!still) return;
    if (!takes_bytes(*still)) {
      clients_.tls().keep_unread(index, ciphertext);
      return;
    }
  }
}

void Shard::count_handshake(Index index) {
  counters_.tls_handshakes.add();
  if (clients_.tls().was_resumed(index)) counters_.tls_resumptions.add();
}

// Garbage, plain HTTP, an old version: refused, with an alert on its way; not closed at once, for bytes
// that have not been read would turn the close into a reset, which can destroy the alert. After the
// handshake: a broken connection like any other.
void Shard::on_tls_failure(Index index, std::string_view why) {
  if (clients_.tls().is_open(index)) {
    clients_.close(index, CloseReason::client_gone, {}, CloseMode::close);
    return;
  }
  clients_.log().on_refusal(clients_[index].exchange(), RefusalReason::tls_handshake, 0, why, loop_.now());
  clients_.linger(index);
}

// No answer in HTTP: the peer could not read it.
void Shard::on_tls_handshake_timeout(Index index) {
  if (clients_.put_off_for_unread(index, loop_.now() - clients_[index].exchange().read_due)) return;
  clients_.log().on_refusal(clients_[index].exchange(), RefusalReason::handshake_timeout, 0,
                            "no whole TLS handshake in time", loop_.now());
  clients_.linger(index);
}

}  // namespace carillon::gateway
