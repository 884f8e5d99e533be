// Phases: the parts of which the rows of the benchmark consist. In a phase the engine, or a bare loop of
// send(), sends to all clients; it ends when they have received everything.
//
// Thread: one, which is not the gateway's. The functions passed to it run on the gateway's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clocks.h"
#include "fan_out/generator.h"
#include "fan_out/lone_gateway.h"
#include "loadgen/timetable.h"

namespace carillon::bench {

inline constexpr std::size_t kFrameBytes = 256;  // of an event on the wire, header and all

// The padding that a frame with this payload needs to have kFrameBytes.
std::string padding_for(std::string_view payload);

class Phases {
 public:
  struct Phase {
    Span span;
    Span publishing;  // of it: until the events were in their logs
    std::uint64_t writes = 0;
  };
  // What the engine wrote in a phase.
  struct Notes {
    std::vector<int> descriptors;  // in the order in which it wrote to them
    std::string bytes;             // to the first of them
  };
  static constexpr auto kPhaseMax = std::chrono::seconds(30);

  // `frame_bytes`: of one event on the wire.
  Phases(LoneGateway& gateway, Generator& generator, std::size_t frame_bytes = kFrameBytes)
      : gateway_(gateway), generator_(generator), frame_bytes_(frame_bytes) {}

  // `messages_each`: how many messages each client is sent at once, before any event.
  Result<std::monostate> connect(std::uint32_t clients, std::uint32_t messages_each = 0);
  std::uint32_t clients() const { return clients_; }
  LoneGateway& gateway() { return gateway_; }
  Generator& generator() { return generator_; }

  // Measures from `publish`, which is called on the loop and may continue there, to the first turn of the
  // loop after the last of `deliveries` was written.
  Result<Phase> until_written(std::uint64_t deliveries, std::function<void()> publish,
                              std::chrono::seconds patience = kPhaseMax);
  // The same, and checks that all clients have received the same number of events.
  Result<Phase> engine(std::uint64_t deliveries, std::function<void()> publish,
                       std::chrono::seconds patience = kPhaseMax);
  // Runs a phase of the engine with one write per client, of `pending` events, and records it.
  Result<Notes> learn(std::uint32_t pending, std::function<void()> publish);
  // Sends the recorded bytes once to each client.
  Result<Phase> floor(const Notes& notes);
  // Measures `send`, which runs on the loop, writes once to each client (`deliveries` in total) and returns
  // how many writes were complete. `prepare` runs before the clocks are read.
  Result<Phase> floor(std::uint64_t deliveries, const std::function<void()>& prepare,
                      const std::function<std::uint64_t()>& send);

  // Waits until all clients together have received `new_events` more than the last time.
  Result<Received> await(std::uint64_t new_events);
  // Waits until they have received all events that are due.
  Result<Received> await_all() { return generator_.await(events_due_); }
  // The same, but some may be missing.
  Result<Received> await_some(std::uint64_t new_events) {
    return generator_.await(events_due_ += new_events);
  }
  std::uint64_t events_due() const { return events_due_; }
  // Stops waiting for events that were lost.
  void write_off(std::uint64_t lost) { events_due_ -= lost; }

 private:
  LoneGateway& gateway_;
  Generator& generator_;
  const std::size_t frame_bytes_;
  std::uint32_t clients_ = 0;
  std::uint64_t events_due_ = 0;  // to all clients together
};

// Calls send() once for each client and returns how many sends were complete.
std::uint64_t send_to_all(const Phases::Notes& notes);

// Publishes by the timetable on the gateway's loop; being late once does not lower the rate. Called on the
// loop and continues by itself. Calls `due_now` with the number of events that are due.
void keep_to(const loadgen::Timetable& timetable, reactor::Loop& loop,
             std::function<void(std::uint32_t)> due_now);

// Two sides alternate, and alternate in going first: A B B A, A B B A, …
inline bool is_first_sides_turn(std::uint32_t phase) { return phase % 4 == 0 || phase % 4 == 3; }

std::vector<double> ratios(const std::vector<double>& numerators, const std::vector<double>& denominators);

}  // namespace carillon::bench
