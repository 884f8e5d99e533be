// Keepalive: sends Ping frames and a protocol's own pings, drops clients that do not answer, and closes
// clients whose token has expired. A connection has one timer, for whichever of these is due first. An event
// stream has heartbeats instead of pings; that the client's system acknowledges one counts as the answer.
//
// Thread: the shard's.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "client/clients.h"
#include "client/stream_handler.h"
#include "reactor/loop.h"

namespace carillon::client {

class Keepalive {
 public:
  using Index = std::uint32_t;

  // `streams` may be constructed later.
  Keepalive(Clients& clients, StreamHandler& streams, reactor::Loop& loop)
      : clients_(clients), streams_(streams), loop_(loop) {}

  // Starts the deadlines of a client that has just opened.
  void start(Index index);
  // The endpoint has other settings: starts the deadlines of its open WebSockets again. One of the old
  // settings could be long past by the new ones, or not exist.
  void restart(const protocol::Endpoint& endpoint);
  // A pong arrived, or a frame that counts as one. It extends the deadline but does not move the timer, which
  // reads the new deadline when it fires.
  void on_pong(Index index);
  // The timer of an open WebSocket has fired. This may close the client.
  void on_deadline(Index index);
  // The process did not run for a while. Pongs may wait in the receive buffers, so no client is dropped as
  // unresponsive for the next 5 s.
  void note_stall(MonoTime now);

 private:
  bool close_if_expired(Index index);
  bool drop_if_silent(Index index);
  void schedule(Index index);
  void look_for_ping(Index index);
  void on_acknowledged(Index index);

  Clients& clients_;
  StreamHandler& streams_;
  reactor::Loop& loop_;
  MonoTime grace_until_{};
};

}  // namespace carillon::client
