// StreamHandler: takes over a connection when its request to become a WebSocket, or to receive a stream of
// events, has been accepted.
//
// Thread: the shard's.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "client/upgrade.h"
#include "protocol/endpoint.h"

namespace carillon::client {

// Implemented in gateway/, where subscriptions and commands are. Every call may close the client.
class StreamHandler {
 public:
  // Sends the 101 or 200 and turns the connection into an open WebSocket or event stream. Its HttpExchange
  // ends; the unread bytes in it become the stream's first bytes.
  virtual void open(std::uint32_t index, const protocol::Endpoint& endpoint, Upgrade upgrade) = 0;
  // Handles bytes of an open client, and unmasks them in place. Bytes that have to wait are kept in the
  // connection's Inbound.
  virtual void on_bytes(std::uint32_t index, std::span<char> bytes) = 0;
  // A paused client may have room in its outbox again.
  virtual void resume(std::uint32_t index) = 0;
  // Returns the position up to which an open client has been sent every event that it receives; empty while
  // some wait for it, or where there are no positions that it could use.
  virtual std::string safe_position(std::uint32_t index) = 0;

 protected:
  ~StreamHandler() = default;
};

}  // namespace carillon::client
