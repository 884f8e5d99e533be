// The rows of the fan-out benchmark: what is measured, on connections that stay the same.
#pragma once

#include <cstdint>
#include <string>

#include "common/clocks.h"
#include "fan_out/generator.h"
#include "fan_out/lone_gateway.h"

namespace carillon::bench {

inline constexpr std::size_t kFrameBytes = 256;  // on the wire, header and all

// One gateway, its clients, and how many events these should have heard by now.
class FanOutBench {
 public:
  FanOutBench(LoneGateway& gateway, Generator& generator) : gateway_(gateway), generator_(generator) {}

  Result<std::monostate> connect(std::uint32_t clients);

  // `pending` events for everybody, `pairs` times by the engine and as often by the floor: a bare loop
  // that sends the same bytes to the same descriptors in the same order. The two take turns, and take
  // turns in going first; nobody begins before the clients have heard everything. Returns a line of JSON.
  Result<std::string> against_the_floor(std::uint32_t pending, std::uint32_t pairs);

  // So many events a second for a while, through the engine. Returns a line of JSON.
  Result<std::string> at_rate(std::uint32_t events_per_s, std::uint32_t duration_s);

 private:
  struct Phase {
    Span span;
    std::uint64_t writes = 0;
  };
  Result<Phase> engine(std::uint32_t pending);
  Result<Phase> floor(std::uint32_t pending);
  Result<std::monostate> learn(std::uint32_t pending);
  void publish(std::uint32_t events);  // the loop's thread
  Result<Heard> await_clients(std::uint64_t new_events);

  LoneGateway& gateway_;
  Generator& generator_;
  std::uint32_t clients_ = 0;
  std::uint64_t events_heard_ = 0;  // by all clients together
  std::vector<int> descriptors_;    // in the order in which the engine writes to them
  std::string frames_;              // what it writes to each
};

}  // namespace carillon::bench
