// Clients: owns every socket of one shard, from accept until its place in the table is free again: the
// connection table, timers, TLS, the queue of connections to read, and every way to close a client.
//
// Thread: the shard's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "client/ack_watch.h"
#include "client/client_log.h"
#include "client/connection.h"
#include "client/read_queue.h"
#include "client/shared.h"
#include "client/sockets.h"
#include "client/tls_clients.h"
#include "fanout/fan_out.h"
#include "reactor/loop.h"
#include "reactor/timer_wheel.h"

namespace carillon::client {

// How a client is closed.
enum class CloseMode : std::uint8_t {
  after_events,  // the last bytes are sent after all pending events
  immediately,   // the last bytes are sent after the rest of a half-sent frame
  close,         // no last bytes; what the kernel holds is still sent
  reset          // RST: the kernel discards what it holds
};

// What the owner of Clients does when a client is closed. Called from inside Clients; it may not call back.
class ClientHandler {
 public:
  // An open client begins to close and no longer counts as a connection. Called once.
  virtual void on_left(std::uint32_t index) = 0;
  // The index is about to be reused: the owner forgets what it keeps for it.
  virtual void on_released(std::uint32_t index) = 0;

 protected:
  ~ClientHandler() = default;
};

// The bytes of a close frame (RFC 6455 section 5.5.1). Without a code the frame has no body.
std::string close_frame(std::optional<std::uint16_t> code, std::string_view reason);
std::string close_frame(const config::CloseText& text);
// What a client of `endpoint` receives last: a close frame, or nothing where its transport has none.
std::string last_bytes(const protocol::Endpoint& endpoint, const config::CloseText& text);

class Clients final : public fanout::FanOutHost {
 public:
  using Index = std::uint32_t;  // of the connection, as everywhere in the shard

  // `fan_out` has this object as its host and may be constructed after it. `shard`: its number, for logs.
  Clients(const Shared& shared, reactor::Loop& loop, Sockets& sockets, fanout::FanOut& fan_out,
          ShardCounters& counters, ClientHandler& handler, std::uint32_t shard)
      : shared_(shared),
        loop_(loop),
        sockets_(sockets),
        fan_out_(fan_out),
        counters_(counters),
        handler_(handler),
        log_({shared, connections_, sockets, fan_out, shard}, counters),
        wheel_(loop.now()) {}
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  ConnectionTable& table() { return connections_; }
  Connection& operator[](Index index) { return connections_[index]; }
  const Connection& operator[](Index index) const { return connections_[index]; }
  const protocol::Endpoint& endpoint_of(Index index) const {
    return shared_.endpoints[connections_[index].endpoint];
  }

  ClientLog& log() { return log_; }

  // Call before the first connection with TLS. Further calls do nothing.
  Result<std::monostate> enable_tls();
  TlsClients& tls() { return *tls_; }

  // --- deadlines: one per connection; the shard decides what it means in each state ---
  reactor::TimerWheel& wheel() { return wheel_; }
  void set_deadline(Index index, MonoClock::duration from_now) { wheel_.set(index, loop_.now() + from_now); }
  // Whether bytes of the client wait for a read slice, so that the shard is late and not the client. False
  // after 5 s, so that a client that never stops sending gains nothing.
  bool is_unread(Index index, MonoClock::duration overdue) const;
  // Extends the deadline of such a client a little; returns false when is_unread() is false.
  bool put_off_for_unread(Index index, MonoClock::duration overdue);

  // --- reading ---
  ReadQueue& reads() { return reads_; }
  // Queues one visit to the connection. It is queued at most once, however many callers ask, so that a busy
  // client cannot starve the others.
  void read_later(Index index, ReadQueue::Lane lane);
  // Reads nothing more from the client until its outbox has room: Reader asks its session once a turn.
  void pause(Index index);

  // --- writing ---
  // Sends bytes before any pending event. Returns false, and takes nothing, when the outbox is full and its
  // limit applies (FanOut::send).
  bool send(Index index, std::string_view bytes, fanout::OutboxLimit limit = fanout::OutboxLimit::applies) {
    return fan_out_.send(index, bytes, loop_.now(), limit);
  }
  // How many of our bytes to this client have arrived.
  SendState send_state(Index index);
  AckWatch& acks() { return acks_; }
  // The socket takes bytes again. May end the client.
  void on_writable(Index index);
  // Begins a write slice; slice_is_over() returns whether it has ended.
  void begin_slice(MonoClock::duration length) { slice_end_ = sockets_.precise_now() + length; }

  // --- closing ---
  // The only way to close a client. `last_bytes` (a close frame or an HTTP answer) are sent first if `mode`
  // allows it. They are passed once: a client that is closing `after_events` may be closed `immediately`
  // without last bytes, and then keeps its reason.
  void close(Index index, CloseReason why, std::string_view last_bytes, CloseMode mode);
  // The kernel has our last bytes: shuts our side and waits for the peer to shut its own, because a close now
  // could discard them before they arrive.
  void linger(Index index);
  // The deadline of a connection that is closing or lingering.
  void on_closing_deadline(Index index);
  // Carries out what the engine has decided about its subscribers. Returns false when there was nothing.
  bool carry_out_verdicts();
  // Closes all sockets, without close frames and without counting. Call after the loop has ended, on the
  // loop's thread, because the sockets may be in that thread's descriptor table.
  void close_all();

  // --- FanOutHost ---
  WriteResult write(fanout::SubscriberId subscriber, const iovec* pieces, int count) override;
  bool append_gap_frame(fanout::SubscriberId subscriber, fanout::LogId log, const fanout::LagGap& gap,
                        std::string& out) override;
  bool slice_is_over() override { return sockets_.precise_now() >= slice_end_; }
  std::size_t held_back(fanout::SubscriberId subscriber) const override;

 private:
  void leave(Index index, CloseReason why, std::string_view last_bytes);
  void release(Index index);

  const Shared& shared_;
  reactor::Loop& loop_;
  Sockets& sockets_;
  fanout::FanOut& fan_out_;
  ShardCounters& counters_;
  ClientHandler& handler_;
  ConnectionTable connections_;
  ClientLog log_;
  reactor::TimerWheel wheel_;
  std::unique_ptr<TlsClients> tls_;  // null when no address has TLS
  AckWatch acks_;                    // of pings and last bytes that are queued behind other bytes
  ReadQueue reads_;
  MonoTime slice_end_{};
};

}  // namespace carillon::client
