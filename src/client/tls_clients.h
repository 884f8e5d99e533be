// TlsClients: the TLS connections of one shard. It stands between the engine and the sockets of clients that
// connected to an address with TLS: plaintext on one side, ciphertext on the other.
//
// Writes are encrypted into one buffer of the shard and sent at once, in records of up to 16 KiB. The part of
// a record that the kernel does not accept waits as `pending` and is sent before anything else. While it
// waits, nothing more is encrypted, so a client that does not read costs one record. (Handshake messages and
// alerts are added to it, up to kPendingMax; a peer that causes more is closed.)
//
// Thread: the shard's. Plain connections cost nothing here: a shard without TLS addresses has no TlsClients.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/write_result.h"
#include "client/sockets.h"
#include "reactor/tls_server_session.h"

namespace carillon::client {

class TlsClients {
 public:
  using Index = std::uint32_t;  // of the connection, as everywhere in the shard
  enum class Sent : std::uint8_t { all, blocked, broken };
  static constexpr std::size_t kPendingMax = 64 * 1024;

  // `sockets` outlives it.
  static Result<std::unique_ptr<TlsClients>> create(Sockets& sockets);

  void add(Index index, const reactor::TlsContext& context);
  void remove(Index index);

  // Returns true in the first call for a connection: its first bytes have come, so its handshake begins.
  bool note_first_bytes(Index index) { return !std::exchange(clients_[index]->has_begun, true); }
  bool is_open(Index index) const { return clients_[index]->session.is_open(); }
  // Ciphertext that the kernel has not taken yet.
  std::size_t pending_bytes(Index index) const {
    return clients_[index]->pending.size() - clients_[index]->sent;
  }
  bool was_resumed(Index index) const { return clients_[index]->session.was_resumed(); }

  // --- in ---
  // Decrypts the next piece and removes it from the front of `ciphertext`; call until it returns
  // `nothing_now`. `plaintext` is valid until the next call. Also sends what the session has to send: `sent`
  // is the result.
  struct Read {
    reactor::TlsRead::State state;
    std::span<char> plaintext;
    const char* why;  // a literal
    Sent sent;
  };
  Read read(Index index, int fd, std::string_view& ciphertext);
  // Keeps the unread ciphertext of a read that had to stop: at most what one read returns.
  void keep_unread(Index index, std::string_view ciphertext) { clients_[index]->unread.assign(ciphertext); }
  bool has_unread(Index index) const { return !clients_[index]->unread.empty(); }
  std::string take_unread(Index index) { return std::exchange(clients_[index]->unread, {}); }

  // --- out ---
  // `blocked`: some ciphertext waits, possibly of bytes that count as written. Call send_pending() before the
  // next write.
  WriteResult write(Index index, int fd, const iovec* pieces, int count);
  Sent send_pending(Index index, int fd);
  // Sends close_notify after everything else.
  Sent send_end(Index index, int fd);

 private:
  struct Client {
    Client(const reactor::TlsContext& context, reactor::TlsWire& wire) : session(context, wire) {}

    reactor::TlsServerSession session;
    std::string pending;   // ciphertext that the kernel has not taken
    std::size_t sent = 0;  // of it
    std::string unread;
    bool has_begun = false;
  };

  TlsClients(Sockets& sockets, std::unique_ptr<reactor::TlsWire> wire);
  Sent send_produced(Client& client, int fd);

  Sockets& sockets_;
  const std::unique_ptr<reactor::TlsWire> wire_;  // outlives the sessions
  std::vector<std::unique_ptr<Client>> clients_;  // by index; null: plain, or unused
  std::vector<char> plaintext_;                   // the last read; shared by all connections
  std::vector<char> gathered_;                    // what is encrypted next; shared by all connections
};

}  // namespace carillon::client
