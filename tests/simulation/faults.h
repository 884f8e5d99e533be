// Faults: what can go wrong around the nodes, chosen by the dice, and how often each met each kind of client.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "client_host.h"
#include "gateway/resume.h"

namespace carillon::simulation {

enum class Fault : std::uint8_t {
  short_writes,     // the kernel takes a part of what is written, of any size
  blocked_writes,   // EAGAIN although there is room
  short_reads,      // a read gives a part of what has arrived
  reset,            // an established connection is reset
  accept_error,     // accept() fails
  late_timers,      // a loop runs later than it wanted
  slow_clock,       // time passes during a turn, so that slices end early
  wall_step,        // the wall clock is set to another time
  stall,            // a node's process does not run for seconds
  drain,            // a node drains and ends; another one takes its place
  new_settings,     // a node's endpoints get other settings while clients are connected
  full_inbox,       // a shard does not run while many events come, so that its inbox is full
  burst,            // more events at once than the budget for them holds
  memory_short,     // the memory of a node's process is nearly used up
  link_drops,       // a node loses its link to the broker
  silent_link,      // a node's link is up and delivers nothing
  slow_link,        // events take longer to a node
  duplicates,       // after a link has come back, the last events come again
  broker_restart,   // all links drop
  refused_publish,  // the broker refuses what is published
  count
};
inline constexpr int kFaults = static_cast<int>(Fault::count);
std::string_view name_of(Fault fault);

// How many subscriptions that asked for missed events had which answer.
struct Answers {
  std::array<std::uint64_t, static_cast<std::size_t>(gateway::ResumeOutcome::count)> by_outcome{};

  void add(const Answers& other) {
    for (std::size_t i = 0; i < by_outcome.size(); ++i) by_outcome[i] += other.by_outcome[i];
  }
};

// How many frames about the bus were sent.
struct Notices {
  std::uint64_t gaps = 0;
  std::uint64_t degraded = 0;
  std::uint64_t restored = 0;

  void add(const Notices& other) {
    gaps += other.gaps;
    degraded += other.degraded;
    restored += other.restored;
  }
};

// In how many seeds a fault met a client of a kind.
struct Meetings {
  std::array<std::array<std::uint64_t, kKinds>, kFaults> seeds{};

  void add(const Meetings& other) {
    for (std::size_t f = 0; f < seeds.size(); ++f) {
      for (std::size_t k = 0; k < seeds[f].size(); ++k) seeds[f][k] += other.seeds[f][k];
    }
  }
};

}  // namespace carillon::simulation
