// Generator: runs a load_generator as a child process, sends it commands and returns its answers.
//
// Thread: one; each call waits for the child's answer.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace carillon::bench {

// What the clients have received in total.
struct Received {
  std::uint64_t connected = 0;
  std::uint64_t lost = 0;
  std::uint64_t events = 0;
  std::uint64_t fewest = 0;  // of one client
  std::uint64_t most = 0;
  std::uint64_t cpu_ns = 0;
  std::int64_t at_ns = 0;  // when it answered, by the monotonic clock
};

// Latency from the time at which an event was due to its arrival.
struct ReceivedLatency {
  std::uint64_t count = 0;
  std::uint64_t p50_us = 0;
  std::uint64_t p99_us = 0;
  std::uint64_t max_us = 0;
};

class Generator {
 public:
  // Passes the token in the child's environment.
  static Result<std::unique_ptr<Generator>> start(const std::vector<std::string>& command,
                                                  const std::string& token);
  ~Generator();  // ends the child
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  Result<Received> connect(std::uint32_t clients) { return ask("connect " + std::to_string(clients)); }
  // Waits until this many events have arrived in total, or none has for 10 s; check `events`.
  Result<Received> await(std::uint64_t events) { return ask("await " + std::to_string(events)); }
  // Starts to measure latencies and to count the events of each client; `events` events are due by this
  // timetable.
  Result<Received> begin(MonoTime start, std::uint32_t events_per_s, std::uint64_t events);
  Result<ReceivedLatency> latency();

 private:
  Generator(pid_t child, int to_child, int from_child)
      : child_(child), to_child_(to_child), from_child_(from_child) {}
  Result<std::string> send(const std::string& command);  // returns the answer
  Result<Received> ask(const std::string& command);
  Result<std::string> read_line();

  pid_t child_;
  int to_child_;
  int from_child_;
  std::string unread_;
};

}  // namespace carillon::bench
