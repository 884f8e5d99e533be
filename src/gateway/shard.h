// Shard: one core's share of the gateway, with a loop, listeners, connections, a fan-out engine and timers of
// its own. Shards share only what is immutable, and the batches that the Router posts to each.
//
// Its parts: Acceptor (new connections), Clients (sockets and how they end), Keepalive (pings and deadlines),
// HttpSessions (requests and answers), StreamSessions (open WebSockets), Audiences (which client receives
// which event) and ShardDrain (the shutdown). Still methods of Shard: the turn (shard.cc) and reading
// (reading.cc, tls_side.cc).
//
// Thread: the loop's, except take_batch(), listening_descriptors(), the responders that it gives out, and
// reading counters() and drain().
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "client/acceptor.h"
#include "client/clients.h"
#include "client/counters.h"
#include "client/http_sessions.h"
#include "client/keepalive.h"
#include "client/proxy.h"
#include "client/sockets.h"
#include "config/settings.h"
#include "gateway/audiences.h"
#include "gateway/router.h"
#include "gateway/shard_drain.h"
#include "gateway/stream_sessions.h"
#include "protocol/endpoint.h"
#include "reactor/listener.h"
#include "reactor/loop.h"
#include "transport/websocket.h"
#include "websocket/deflate.h"

namespace carillon::gateway {

using namespace client;
using namespace protocol;

class Shard final : public BatchTaker,
                    private reactor::IoHandler,
                    private reactor::TurnTask,
                    private ClientHandler {
 public:
  using Place = Audiences::Place;

  // `number` tells this shard's connections from the others' in logs.
  static Result<std::unique_ptr<Shard>> create(const Shared& shared, reactor::Loop& loop, Sockets& sockets,
                                               Place place, std::uint32_t number = 0);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Before the loop runs.
  Result<std::monostate> listen(reactor::FileDescriptor listener, ListenerOptions options) {
    return acceptor_.listen(std::move(listener), std::move(options));
  }

  // Takes over a connected socket, as accept() gives it (Acceptor::adopt).
  void adopt(int fd, const std::string& peer_address, const ListenerOptions& options) {
    acceptor_.adopt(fd, peer_address, options);
  }

  // What its table of descriptors holds for clients. On the thread that has the table, before the loop runs;
  // without it descriptors are not bounded.
  void begin_serving(std::shared_ptr<reactor::DescriptorBudget> descriptors) {
    acceptor_.begin_serving(std::move(descriptors));
  }

  // The sockets that it listens on. Any thread, from the last listen() to close_sockets().
  std::vector<int> listening_descriptors() const { return acceptor_.listening_descriptors(); }
  // Its loop has ended. On the loop's thread, in whose table of descriptors its sockets may be.
  void close_sockets();

  // New connections are refused by the kernel. On the loop's thread.
  void stop_listening() { acceptor_.stop_listening(); }

  void take_batch(SharedBatch batch) override { audiences_.take_batch(std::move(batch)); }

  // Closes this shard's WebSockets with 1001, evenly over the window. Admission refuses new ones.
  void begin_drain(milliseconds window);

  // Memory is very short: closes the clients that are furthest behind.
  void shed_for_memory();

  const ShardCounters& counters() const { return counters_; }
  const ShardDrain& drain() const { return drain_; }

 private:
  using Index = std::uint32_t;

  Shard(const Shared& shared, reactor::Loop& loop, Sockets& sockets, Place place, std::uint32_t number,
        reactor::WakeFd wake);

  // shard.cc
  void read_input(MonoTime now) override;
  MonoTime on_turn(MonoTime now) override;
  void on_left(Index index, CloseReason why) override;
  void on_released(Index index) override;
  void on_timer(Index index);
  MonoTime next_wake();
  void notice_stall(MonoTime now);
  void publish_counters();

  // reading.cc
  void on_io(std::uint32_t events, std::uint32_t index, std::uint32_t generation) override;
  void on_socket(Index index, std::uint32_t events);
  void read_visit(Index index);
  static bool has_unread(const Connection& connection);
  void feed_unread(Index index);
  void read_bytes(Index index, std::size_t count);
  void on_bytes(Index index, std::span<char> bytes);
  bool takes_bytes(const Connection& connection) const;
  void read_waiting();
  void resume_paused();

  void read_proxy_header(Index index, std::string_view bytes);

  // tls_side.cc
  void read_ciphertext(Index index, std::string_view ciphertext);
  void count_handshake(Index index);
  void on_tls_failure(Index index, std::string_view why);
  void on_tls_handshake_timeout(Index index);
  void on_end_of_stream(Index index);

  const Shared shared_;
  reactor::Loop& loop_;
  Sockets& sockets_;
  ShardCounters counters_;
  transport::WebSocketCompressor compressor_;
  Acceptor acceptor_;  // clients_ has places in it
  Clients clients_;
  fanout::FanOut fan_out_;
  Keepalive keepalive_;
  ShardDrain drain_;
  StreamSessions streams_;
  Audiences audiences_;
  HttpSessions http_;
  std::vector<char> receive_;  // one buffer for every connection's reads
  MonoTime next_lag_check_{};
  MonoTime expected_wake_ = MonoTime::max();
  reactor::Loop::HandlerId socket_handler_ = 0;
};

}  // namespace carillon::gateway
