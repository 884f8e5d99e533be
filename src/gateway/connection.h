// Connection: one socket's life, in 64 bytes while it is an idle WebSocket.
//
//   head → body → answering → head …            an HTTP client
//   head → open → closing → lingering           a WebSocket client
//   proxy_header → head …                       either, behind a proxy that speaks the PROXY protocol
//
// Thread: its shard's. Named by an index into the shard's table and a generation, so that an event for
// an earlier user of the index harms nobody.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/identity.h"
#include "gateway/message_rate.h"
#include "gateway/reasons.h"
#include "http/body_reader.h"
#include "http/head_reader.h"
#include "http/proxy_header.h"
#include "reactor/timer_wheel.h"
#include "websocket/frame_reader.h"

namespace carillon::gateway {

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

// What a connection has only while it speaks HTTP.
struct Exchange {
  explicit Exchange(http::HeadLimits limits) : head_reader(limits) {}

  http::HeadReader head_reader;
  http::RequestHead head;  // of the request under way
  std::optional<http::BodyReader> body_reader;
  std::string unread;                                     // pipelined behind the request under way
  std::unique_ptr<http::ProxyHeaderReader> proxy_header;  // in that state only
  IpAddress peer;                                         // who is connected, or whom its PROXY header names
  IpAddress client;              // of the request under way: the peer, or whom its header names
  std::uint32_t request = 0;     // counts them, so that an answer reaches only the one it was made for
  bool answered_before = false;  // kept alive: silence is idleness, not slowness
};

// What a WebSocket has only between the parts of a frame or message, or while it may not be read.
struct Inbound {
  websocket::FrameReader reader;
  std::string unread;  // came with a read that had to stop
  std::string held;    // a reply for which the outbox had no room
};

struct Connection {
  int fd = -1;
  std::uint32_t generation = 0;  // low 24 bits count
  reactor::TimerWheel::Id timer = reactor::TimerWheel::kNone;
  std::uint32_t pong_due_ms = 0;  // wrapping; when silence becomes death
  std::uint32_t ping_due_ms = 0;  // wrapping; of the Ping frame
  std::uint16_t endpoint = 0;     // while open or closing as a WebSocket
  State state = State::unused;
  CloseReason close_reason = CloseReason::client_gone;
  bool is_websocket : 1 = false;
  bool deflate : 1 = false;
  bool paused : 1 = false;  // not read until its outbox has room
  bool close_received : 1 = false;
  bool readable : 1 = false;       // an edge came while it was not being read
  bool tls : 1 = false;            // the shard's TlsClients stands between it and its socket
  bool read_queued : 1 = false;    // stands in the shard's list of those to read again
  bool pong_awaited : 1 = false;   // of the last Ping frame
  std::uint32_t frame_due_ms = 0;  // wrapping; of the dialect's own ping
  Ref<const auth::Identity> identity;
  std::unique_ptr<Exchange> exchange;
  std::unique_ptr<Inbound> inbound;
  std::unique_ptr<MessageRate> rate;  // where the endpoint has one
};

static_assert(sizeof(Connection) <= 64);

// The shard's connections, dense; indexes are reused, generations are not (for 16 million uses).
class ConnectionTable {
 public:
  std::uint32_t take();
  void give_back(std::uint32_t index);

  Connection& operator[](std::uint32_t index) { return connections_[index]; }
  // Null when it is no longer the one that `generation` meant.
  Connection* find(std::uint32_t index, std::uint32_t generation);
  std::uint32_t slots() const { return static_cast<std::uint32_t>(connections_.size()); }
  std::uint32_t in_use() const { return slots() - static_cast<std::uint32_t>(free_.size()); }

 private:
  std::vector<Connection> connections_;
  std::vector<std::uint32_t> free_;
};

}  // namespace carillon::gateway
