// Shard: one core's share of the gateway, with a loop, listeners, connections, a fan-out engine and timers of
// its own. Shards share only what is immutable, and the batches that the Router posts to each.
//
// A Shard wires its parts together and runs the turn of its loop. The parts: Acceptor (new connections),
// Clients (sockets and how they end), Reader (which connection is read when), HttpSessions (requests and
// answers), ClientSessions (open WebSockets and event streams), Keepalive (pings and deadlines), Audiences
// (which client receives which event) and ShardDrain (the shutdown). No part knows the Shard.
//
// Thread: the loop's, except take_batch(), take_answers(), the responders that HttpSessions gives out, and
// reading counters() and drain().
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "client/acceptor.h"
#include "client/clients.h"
#include "client/counters.h"
#include "client/delivery_samples.h"
#include "client/http_sessions.h"
#include "client/keepalive.h"
#include "client/reader.h"
#include "client/shared.h"
#include "client/sockets.h"
#include "fanout/fan_out.h"
#include "gateway/audiences.h"
#include "gateway/client_sessions.h"
#include "gateway/key_closes.h"
#include "gateway/router.h"
#include "gateway/shard_drain.h"
#include "reactor/loop.h"
#include "transport/websocket.h"

namespace carillon::gateway {

// New settings of a process, ready for use by every shard.
struct NewSettings {
  std::shared_ptr<const config::Settings> settings;
  protocol::EndpointTable::List endpoints;  // compiled from them
  std::vector<std::shared_ptr<const reactor::TlsContext>> tls_by_listen;
  bool has_other_auth = true;   // keys, or how tokens are judged: verified tokens are forgotten
  bool closes_removed = false;  // whether clients whose key is gone are closed
};

class Shard final : public BatchTaker, private reactor::TurnTask, private client::ClientHandler {
 public:
  using Place = Audiences::Place;

  // `number`: this shard's, in the names that its connections have in log lines. `history`: answers
  // subscriptions that ask for missed events, and outlives the shard; null: none recovers anything.
  static Result<std::unique_ptr<Shard>> create(const client::Shared& shared, reactor::Loop& loop,
                                               client::Sockets& sockets, Place place,
                                               std::uint32_t number = 0, ResumeService* history = nullptr);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Where its clients come from: listen() and begin_serving() before the loop runs, stop_listening() on the
  // loop's thread.
  client::Acceptor& acceptor() { return acceptor_; }
  // Closes all sockets. Call after the loop has ended, on the loop's thread, because the sockets may be in
  // that thread's descriptor table.
  void close_sockets();

  void take_batch(SharedBatch batch) override { audiences_.take_batch(std::move(batch)); }
  void take_answers(std::vector<ResumeAnswer> answers) override {
    audiences_.take_answers(std::move(answers));
  }

  // Uses new settings from now on, for open connections as well. Call from a function posted to its loop.
  void use(const NewSettings& next);

  // Closes this shard's WebSockets with 1001, and ends its event streams, evenly over the window. In a
  // shutdown Admission refuses new ones.
  void begin_drain(milliseconds window, DrainKind kind = DrainKind::shutdown);
  // A fetch of a key set has ended: upgrades that wait for one are judged again. On the loop's thread.
  void on_keys_fetched() { http_.upgrades().on_keys_fetched(); }
  // Memory is very short: closes the clients that are furthest behind.
  void shed_for_memory();

  const client::ShardCounters& counters() const { return counters_; }
  const ShardDrain& drain() const { return paced_.drain; }

 private:
  using Index = std::uint32_t;

  Shard(const client::Shared& shared, reactor::Loop& loop, client::Sockets& sockets, Place place,
        std::uint32_t number, ResumeService* history, reactor::WakeFd wake);

  void read_input(MonoTime now) override;
  MonoTime on_turn(MonoTime now) override;
  void on_left(Index index) override;
  void on_released(Index index) override;
  bool make_authenticators(const client::Shared& before);
  void notice_stall(MonoTime now);
  void on_timer(Index index);

  client::Shared shared_;  // its table of endpoints is this shard's own
  reactor::Loop& loop_;
  client::ShardCounters counters_;
  client::DeliverySamples samples_;
  transport::WebSocketCompressor compressor_;
  client::Acceptor acceptor_;  // clients_ has places in it
  client::Clients clients_;
  fanout::FanOut fan_out_;
  client::Keepalive keepalive_;
  // The closes that are spread over a window.
  struct {
    ShardDrain drain;
    KeyCloses removed_keys;
  } paced_;
  ClientSessions sessions_;
  Audiences audiences_;
  client::HttpSessions http_;
  client::Reader reader_;
  struct {
    MonoTime lag_check{};
    MonoTime wake = MonoTime::max();  // as on_turn() has returned it
  } next_;
};

}  // namespace carillon::gateway
