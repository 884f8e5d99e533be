// DeliverySamples: turns the samples that the engine takes of its work into the shard's histograms.
//
// Thread: the shard's.
#pragma once

#include "client/counters.h"
#include "client/sockets.h"
#include "fanout/fan_out.h"

namespace carillon::client {

class DeliverySamples final : public fanout::FanOutSamples {
 public:
  // Both outlive it.
  DeliverySamples(Sockets& sockets, ShardCounters& counters) : sockets_(sockets), counters_(counters) {}

  void note_delivery(std::uint32_t received) override {
    counters_.delivery_latency.add(between_ticks(received, wrapping_tick(sockets_.precise_now())));
  }
  void note_recipients(std::uint32_t subscribers) override {
    counters_.recipients.add(std::uint64_t{subscribers});
  }

 private:
  Sockets& sockets_;
  ShardCounters& counters_;
};

}  // namespace carillon::client
