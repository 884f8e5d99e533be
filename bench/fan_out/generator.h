// Generator: a load_generator as a child process, told what to do and asked what it has counted.
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

struct Heard {
  std::uint64_t connected = 0;
  std::uint64_t lost = 0;
  std::uint64_t events = 0;
  std::uint64_t fewest = 0;  // of one client
  std::uint64_t most = 0;
  std::uint64_t cpu_ns = 0;
  std::int64_t at_ns = 0;  // when it said so, by the monotonic clock
};

// From the time at which an event was to be published to its arrival.
struct HeardLatency {
  std::uint64_t count = 0;
  std::uint64_t p50_us = 0;
  std::uint64_t p99_us = 0;
  std::uint64_t max_us = 0;
};

class Generator {
 public:
  // The token goes through the child's environment.
  static Result<std::unique_ptr<Generator>> start(const std::vector<std::string>& command,
                                                  const std::string& token);
  ~Generator();  // tells it to quit, and sees that it does
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  Result<Heard> connect(std::uint32_t clients) { return ask("connect " + std::to_string(clients)); }
  // Until so many events have come in all, or none has for 10 s: `events` tells.
  Result<Heard> await(std::uint64_t events) { return ask("await " + std::to_string(events)); }
  // Latencies, and the events of single clients, count from now on; so many events are due by this
  // timetable.
  Result<Heard> begin(MonoTime start, std::uint32_t events_per_s, std::uint64_t events);
  Result<HeardLatency> latency();

 private:
  Generator(pid_t child, int to_child, int from_child)
      : child_(child), to_child_(to_child), from_child_(from_child) {}
  Result<std::string> say(const std::string& command);  // and what it answers
  Result<Heard> ask(const std::string& command);
  Result<std::string> read_line();

  pid_t child_;
  int to_child_;
  int from_child_;
  std::string unread_;
};

}  // namespace carillon::bench
