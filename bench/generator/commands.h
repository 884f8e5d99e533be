// Commands: reads the load generator's commands from stdin, one per line, and answers each on stdout with a
// line of JSON when it is done.
//
//   connect N    connect until there are N clients; answered when all are connected or refused
//   await N      wait until N events have arrived in total since the start; answered then, or when it gives
//   up begin T R N  measure latencies: N events are due from the monotonic time T ns on, R per second. The
//   counts of
//                single clients start over. Answered at once
//   latency      the latencies since `begin`
//   report       the counters
//   quit         (or the end of stdin)
//
// `await` gives up after kAwaitMax without an event; the answer's `events` shows how many arrived.
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

  // Handles commands until `quit` or the end of stdin.
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
// The latencies of the events as one line of JSON.
std::string latency_of(const loadgen::ClientPool& pool);

}  // namespace carillon::bench
