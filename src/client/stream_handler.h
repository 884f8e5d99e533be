// StreamHandler: takes over a connection when its request to become a WebSocket has been accepted.
//
// Thread: the shard's.
#pragma once

#include <cstdint>
#include <span>

#include "client/upgrade.h"
#include "protocol/endpoint.h"

namespace carillon::client {

// Implemented in gateway/, where subscriptions and commands are. Every call may end the client.
class StreamHandler {
 public:
  // Sends the 101 and turns the connection, whose HttpExchange ends here, into an open WebSocket. Bytes that
  // the exchange has kept are the stream's first.
  virtual void open(std::uint32_t index, const protocol::Endpoint& endpoint, Upgrade upgrade) = 0;
  // Bytes of an open WebSocket. They are unmasked in place. Those that have to wait are kept in the
  // connection's Inbound.
  virtual void on_bytes(std::uint32_t index, std::span<char> bytes) = 0;
  // A paused WebSocket may have room in its outbox again.
  virtual void resume(std::uint32_t index) = 0;

 protected:
  ~StreamHandler() = default;
};

}  // namespace carillon::client
