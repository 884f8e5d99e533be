// A delivery over Server-Sent Events compared with one over WebSocket: the same event data, on one gateway
// with an endpoint for each, so that an event goes to one kind of clients only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fan_out/phases.h"

namespace carillon::bench {

class TransportsBench {
 public:
  // Of the data of an event, so that a WebSocket frame has kFrameBytes.
  static std::size_t stream_frame_bytes();
  static std::string endpoints();
  // What the generator of the streams is started with.
  static std::vector<std::string> stream_options();

  TransportsBench(Phases& websockets, Phases& streams) : websockets_(websockets), streams_(streams) {}

  // `pending` events for every client of one kind in one write each, `pairs` times for each kind. The two
  // alternate, and alternate in going first. Returns a line of JSON.
  Result<std::string> compare(std::uint32_t pending, std::uint32_t pairs);

 private:
  // The phases of one kind, as microseconds a delivery.
  struct Side {
    std::vector<double> cpu_us;
    std::vector<double> sweeping_us;  // of it: after the events were in their log
    std::uint64_t writes = 0;
    std::size_t bytes_a_write = 0;
  };
  Result<std::monostate> learn(Phases& phases, std::string_view channel, std::uint32_t pending, Side& side);
  Result<std::monostate> measure(Phases& phases, std::string_view channel, std::uint32_t pending, Side& side);
  std::function<void()> publish(std::string_view channel, std::uint32_t events);

  Phases& websockets_;
  Phases& streams_;
};

}  // namespace carillon::bench
