// The rows of the fan-out benchmark: what is measured, on connections that stay the same. Each returns a line
// of JSON.
#pragma once

#include <cstdint>
#include <string>

#include "fan_out/phases.h"

namespace carillon::bench {

inline constexpr std::string_view kBroadcastProfile = "orion";

// Every client receives every event.
class FanOutBench {
 public:
  explicit FanOutBench(Phases& phases) : phases_(phases) {}

  // `pending` events for every client, `pairs` times by the engine and as often by the floor: a bare loop
  // that sends the same bytes to the same descriptors in the same order. The two alternate, and alternate in
  // going first; neither begins before the clients have received everything.
  Result<std::string> against_the_floor(std::uint32_t pending, std::uint32_t pairs);

  // A steady rate of events for a while, through the engine.
  Result<std::string> at_rate(std::uint32_t events_per_s, std::uint32_t duration_s);

  // Latencies at a steady rate of events, by the engine and by the floor in turns: `pairs` blocks of `events`
  // events each. The clients measure how late each event arrives.
  struct Blocks {
    std::uint32_t events_per_s = 5;
    std::uint32_t pairs = 8;
    std::uint32_t events = 10;  // of one block
  };
  Result<std::string> latency(const Blocks& blocks);

 private:
  void publish(std::uint32_t events);  // the loop's thread
  // Sends the timetable to the clients. It begins a moment later, when they all have it.
  Result<loadgen::Timetable> begin(std::uint32_t events_per_s, std::uint64_t events);
  // Returns a function that publishes by the timetable once it is called on the loop.
  std::function<void()> publish_by(const loadgen::Timetable& timetable);
  Result<ReceivedLatency> latency_of_engine(const loadgen::Timetable& timetable);
  Result<ReceivedLatency> latency_of_floor(const loadgen::Timetable& timetable, const Phases::Notes& notes);

  Phases& phases_;
};

}  // namespace carillon::bench
