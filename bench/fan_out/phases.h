// Phases: what the rows of the benchmark are put together from. In a phase the engine, or a bare loop of
// send(), sends to all clients; it is over when they have received everything.
//
// Thread: one, which is not the gateway's. What it is given to run runs on the gateway's.
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

// What a frame of less than 64 KiB lacks to have kFrameBytes: `payload` is its payload without.
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

  Phases(LoneGateway& gateway, Generator& generator) : gateway_(gateway), generator_(generator) {}

  // `messages_each`: what each client is sent at once, before any event.
  Result<std::monostate> connect(std::uint32_t clients, std::uint32_t messages_each = 0);
  std::uint32_t clients() const { return clients_; }
  LoneGateway& gateway() { return gateway_; }
  Generator& generator() { return generator_; }

  // From `publish`, which is called on the loop and may go on there, to the first turn of the loop after the
  // last of so many deliveries was written.
  Result<Phase> until_written(std::uint64_t deliveries, std::function<void()> publish,
                              std::chrono::seconds patience = kPhaseMax);
  // The same, and all clients have received the same number of events.
  Result<Phase> engine(std::uint64_t deliveries, std::function<void()> publish,
                       std::chrono::seconds patience = kPhaseMax);
  // An engine's phase with one write a client, of so many events.
  Result<Notes> learn(std::uint32_t pending, std::function<void()> publish);
  // Sends once to each.
  Result<Phase> floor(const Notes& notes);
  // What `send` does on the loop, which says how many writes were whole: one to each client, all of them
  // together of so many deliveries. `prepare` comes before the clocks.
  Result<Phase> floor(std::uint64_t deliveries, const std::function<void()>& prepare,
                      const std::function<std::uint64_t()>& send);

  // So many more than the last time, by all clients together.
  Result<Heard> await(std::uint64_t new_events);
  // Waits until they have received all events that are due.
  Result<Heard> await_all() { return generator_.await(events_due_); }
  // Some may not come.
  Result<Heard> await_some(std::uint64_t new_events) { return generator_.await(events_due_ += new_events); }
  std::uint64_t events_due() const { return events_due_; }
  // What has not come will not come.
  void write_off(std::uint64_t lost) { events_due_ -= lost; }

 private:
  LoneGateway& gateway_;
  Generator& generator_;
  std::uint32_t clients_ = 0;
  std::uint64_t events_due_ = 0;  // to all clients together
};

// One send() to each. How many of them were whole.
std::uint64_t send_to_all(const Phases::Notes& notes);

// Does on the gateway's loop what is due by the timetable; being late once does not lower the rate. Called on
// the loop; it goes on by itself. `due_now` is told how many events.
void keep_to(const loadgen::Timetable& timetable, reactor::Loop& loop,
             std::function<void(std::uint32_t)> due_now);

// Two sides take turns, and take turns in going first: A B B A, A B B A, …
inline bool is_first_sides_turn(std::uint32_t phase) { return phase % 4 == 0 || phase % 4 == 3; }

std::vector<double> ratios(const std::vector<double>& numerators, const std::vector<double>& denominators);

}  // namespace carillon::bench
