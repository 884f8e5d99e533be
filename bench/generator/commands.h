// Commands: what the load generator is told on stdin, a line each, and answers on stdout as a line of
// JSON, when it is done.
//
//   connect N    be N clients in all                              answered when they are, or were refused
//   await N      until N events have come in all, since the start  answered then, or when it can no longer
//   begin T R N  N events are due from the monotonic time T ns on, R a second: time what comes. What single
//                clients receive counts from here.                  answered at once
//   latency      of what has come since then
//   report       the counters
//   quit         (or the end of stdin)
//
// `await` gives up after kAwaitMax without an event; the answer's `events` tells.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "loadgen/client_pool.h"

namespace carillon::bench {

class Commands {
 public:
  static constexpr auto kAwaitMax = std::chrono::seconds(10);

  explicit Commands(loadgen::ClientPool& pool) : pool_(pool) {}

  // Reads stdin and obeys, until `quit` or its end.
  void run();

 private:
  enum class Waiting : std::uint8_t { for_a_command, for_clients, for_events };

  void read_stdin();
  void obey_all();
  void handle_command(std::string_view line);
  void begin(std::string_view start_rate_events);
  void look();
  void answer();

  loadgen::ClientPool& pool_;
  std::string unread_;
  Waiting waiting_ = Waiting::for_a_command;
  std::uint64_t awaited_events_ = 0;
  std::uint64_t seen_events_ = 0;
  std::chrono::steady_clock::time_point seen_at_;
  bool done_ = false;
};

// The pool's counters and this thread's CPU time as one line of JSON.
std::string report_of(const loadgen::ClientPool& pool);
// How long after its time each event came, as one line of JSON.
std::string latency_of(const loadgen::ClientPool& pool);

}  // namespace carillon::bench
