// Connection: one socket's life, in 40 bytes while it is an idle WebSocket.
//
//   head → body → answering → head …            an HTTP client
//   head → open → closing → lingering           a WebSocket, or an event stream
//   proxy_header → head …                       either, behind a proxy that speaks the PROXY protocol
//
// Thread: its shard's. A connection is identified by its index in the shard's table and a generation, so that
// an event for an earlier connection with the same index is ignored.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "auth/identity.h"
#include "base/reserved_array.h"
#include "client/reasons.h"
#include "client/transient_state.h"
#include "config/settings.h"

namespace carillon::client {

enum class State : std::uint8_t {
  unused,
  proxy_header,  // reading the PROXY header
  head,          // reading a request head
  body,          // reading its body
  answering,     // waiting for an answer; nothing is read meanwhile
  open,          // a WebSocket or an event stream
  closing,       // the close frame (or a last HTTP answer) is being sent
  lingering      // our side is shut; what the peer still sends is discarded until it closes
};

struct Connection {
  int fd = -1;
  std::uint32_t generation : 24 = 0;
  State state : 4 = State::unused;
  bool ping_in_doubt : 1 = false;    // the awaited ping may still wait behind other bytes of ours
  bool user_is_counted : 1 = false;  // by Admission, with the user's other connections
  std::uint32_t pong_due_ms = 0;     // wrapping; without a pong by then the client is dropped
  std::uint32_t ping_due_ms = 0;     // wrapping; of the Ping frame
  std::uint32_t frame_due_ms = 0;    // wrapping; of the protocol's own ping
  std::uint16_t endpoint = 0;        // while open or closing
  CloseReason close_reason = CloseReason::client_gone;
  bool opened : 1 = false;  // is a WebSocket or an event stream, open or closing
  bool deflate : 1 = false;
  bool paused : 1 = false;        // not read until its outbox has room
  bool readable : 1 = false;      // an epoll edge came while it was not being read
  bool tls : 1 = false;           // the shard's TlsClients encrypts and decrypts for it
  bool read_queued : 1 = false;   // is in the shard's ReadQueue
  bool pong_awaited : 1 = false;  // the last Ping frame is not answered
  Ref<const auth::Identity> identity;
  TransientState transient;

  HttpExchange& exchange() const { return transient.exchange(); }
};

static_assert(sizeof(Connection) <= 40);

// Whether requests are read from the connection, or their answers are awaited.
inline bool speaks_http(const Connection& connection) {
  return connection.state == State::head || connection.state == State::body ||
         connection.state == State::answering;
}

// The connections of one shard in a dense array. An index is reused; its generation repeats only after 16
// million uses.
class ConnectionTable {
 public:
  // Maximum for one shard: the upper bound of server.connections_max.
  static constexpr std::size_t kConnectionsMax = config::kConnectionsMax;

  explicit ConnectionTable(std::size_t connections_max = kConnectionsMax) : max_(connections_max) {}

  // Reserves a row. Returns nothing when the table is full.
  std::optional<std::uint32_t> try_take();
  // The row is unused from now on. It may be taken again after the next reuse_given_back(), and not before,
  // so that callers still working on the connection can read its state.
  void give_back(std::uint32_t index);
  // Once a turn, when no call is working on a connection.
  void reuse_given_back();

  Connection& operator[](std::uint32_t index) { return connections_[index]; }
  const Connection& operator[](std::uint32_t index) const { return connections_[index]; }
  // The connection of a row that must be in use: who keeps an index forgets it in on_released().
  Connection& used(std::uint32_t index);
  // Returns null when the index is unused, or belongs to another generation by now.
  Connection* find(std::uint32_t index, std::uint32_t generation);
  std::uint32_t slots() const { return static_cast<std::uint32_t>(connections_.size()); }

 private:
  const std::size_t max_;
  ReservedArray<Connection, kConnectionsMax> connections_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> given_back_;
};

}  // namespace carillon::client
