// Connection: one socket's life, in 40 bytes while it is an idle WebSocket.
//
//   head → body → answering → head …            an HTTP client
//   head → open → closing → lingering           a WebSocket client
//   proxy_header → head …                       either, behind a proxy that speaks the PROXY protocol
//
// Thread: its shard's. Named by an index into the shard's table and a generation, so that an event for
// an earlier user of the index is ignored.
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
  proxy_header,  // reading what a proxy says of its client
  head,          // reading a request head
  body,          // reading its body
  answering,     // an answer is being made elsewhere; nothing is read meanwhile
  open,          // a WebSocket
  closing,       // the close frame (or a last HTTP answer) is on its way out
  lingering      // our side is shut; what the peer still sends is thrown away until it closes
};

struct Connection {
  int fd = -1;
  std::uint32_t generation : 24 = 0;
  State state : 4 = State::unused;
  bool ping_in_doubt : 1 = false;  // the awaited ping may still wait behind other bytes of ours
  std::uint32_t pong_due_ms = 0;   // wrapping; when silence becomes death
  std::uint32_t ping_due_ms = 0;   // wrapping; of the Ping frame
  std::uint32_t frame_due_ms = 0;  // wrapping; of the dialect's own ping
  std::uint16_t endpoint = 0;      // while open or closing as a WebSocket
  CloseReason close_reason = CloseReason::client_gone;
  bool is_websocket : 1 = false;
  bool deflate : 1 = false;
  bool paused : 1 = false;  // not read until its outbox has room
  bool close_received : 1 = false;
  bool readable : 1 = false;      // an edge came while it was not being read
  bool tls : 1 = false;           // the shard's TlsClients stands between it and its socket
  bool read_queued : 1 = false;   // stands in the shard's list of those to read again
  bool pong_awaited : 1 = false;  // of the last Ping frame
  Ref<const auth::Identity> identity;
  TransientState transient;

  HttpExchange& exchange() const { return transient.exchange(); }
};

static_assert(sizeof(Connection) <= 40);

// Whether requests are read from it, or answers to them are awaited.
inline bool speaks_http(const Connection& connection) {
  return connection.state == State::head || connection.state == State::body ||
         connection.state == State::answering;
}

// The shard's connections, dense; indexes are reused, generations are not (for 16 million uses).
class ConnectionTable {
 public:
  // Of one shard: the most that server.connections_max may say.
  static constexpr std::size_t kConnectionsMax = config::kConnectionsMax;

  explicit ConnectionTable(std::size_t connections_max = kConnectionsMax) : max_(connections_max) {}

  // Nothing when it is full.
  std::optional<std::uint32_t> try_take();
  void give_back(std::uint32_t index);

  Connection& operator[](std::uint32_t index) { return connections_[index]; }
  const Connection& operator[](std::uint32_t index) const { return connections_[index]; }
  // Null when it is no longer the one that `generation` meant.
  Connection* find(std::uint32_t index, std::uint32_t generation);
  std::uint32_t slots() const { return static_cast<std::uint32_t>(connections_.size()); }
  std::uint32_t in_use() const { return slots() - static_cast<std::uint32_t>(free_.size()); }

 private:
  const std::size_t max_;
  ReservedArray<Connection, kConnectionsMax> connections_;
  std::vector<std::uint32_t> free_;
};

}  // namespace carillon::client
