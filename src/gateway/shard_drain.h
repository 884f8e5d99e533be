// ShardDrain: one shard's part of a shutdown. It closes the WebSockets and event streams evenly over a window
// and counts the HTTP requests that were accepted and are not answered yet, so that the process can wait for
// them.
//
// Thread: the shard's; the two counts may be read by any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/random_sequence.h"
#include "base/time.h"
#include "client/clients.h"
#include "client/counters.h"
#include "client/shared.h"
#include "fanout/fan_out.h"
#include "gateway/drain.h"
#include "reactor/loop.h"

namespace carillon::gateway {

class ShardDrain {
 public:
  ShardDrain(const client::Shared& shared, const reactor::Loop& loop, client::Clients& clients,
             const fanout::FanOut& fan_out, const client::ShardCounters& counters)
      : shared_(shared),
        loop_(loop),
        clients_(clients),
        fan_out_(fan_out),
        counters_(counters),
        jitter_(sip_hash_1_3(shared.channels_key, "drain")) {
    requests_left_.set(1);
  }

  void begin(MonoTime now, milliseconds window, DrainKind kind);
  bool has_begun() const { return pace_.has_value(); }
  // Closes the clients that are due. Call once per turn, after begin().
  void take_step(MonoTime now);
  // When take_step() must be called next; MonoTime::max() before begin().
  MonoTime next_wake(MonoTime now) const;

  // WebSockets and event streams that are open or closing.
  void on_client_opened() { clients_left_.add(); }
  void on_client_released() { clients_left_.subtract(); }
  std::uint64_t clients_left() const { return clients_left_.get(); }
  // HTTP requests that were accepted and whose response has not been sent completely; 1 until they are
  // counted.
  std::uint64_t requests_left() const { return requests_left_.get(); }

 private:
  void close_those_due(MonoTime now);
  void count_requests_left(MonoTime now);
  void close_latecomers(MonoTime now);
  bool close_if_open(std::uint32_t index);
  std::string last_bytes_of(const protocol::Endpoint& endpoint);
  bool has_unsent_response(std::uint32_t index) const;

  const client::Shared& shared_;
  const reactor::Loop& loop_;
  client::Clients& clients_;
  const fanout::FanOut& fan_out_;
  const client::ShardCounters& counters_;
  client::Counter clients_left_;
  client::Counter requests_left_;
  RandomSequence jitter_;  // of the reconnect hints
  std::optional<DrainPace> pace_;
  milliseconds returns_{0};  // over which the clients of this shard should return
  DrainKind kind_ = DrainKind::shutdown;
  std::uint32_t position_ = 0;                // of the walk through the table
  MonoTime count_at_ = MonoTime::max();       // when to count requests again
  MonoTime latecomers_at_ = MonoTime::max();  // when to close those that were opened during a handover
};

}  // namespace carillon::gateway
