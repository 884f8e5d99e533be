#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "loadgen/client_pool.h"

namespace carillon::loadgen {

// Crowd: the clients of a run, on one thread or several, each with a ClientPool of its own. Client i is in
// pool i mod threads. With more than one thread each has a table of descriptors of its own, so that the limit
// on open files counts for each.
//
// Thread: called by one thread, which is none of its own. Each call waits until every pool has answered
// between two of its turns.
class Crowd {
 public:
  struct Settings {
    std::uint32_t clients = 1;
    std::uint32_t threads = 1;
    std::optional<int> core;
  };

  // `clients` must outlive it.
  static Result<std::unique_ptr<Crowd>> start(const Settings& settings, const ClientSettings& clients);
  ~Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  void connect();
  void begin(const Timetable& timetable, Channels channels);

  struct State {
    PoolCounters counters;
    bool settled = true;
    MonoTime last_event_at{};
    std::uint64_t cpu_ns = 0;  // of all its threads
    std::string first_refusal;
  };
  State state();
  ClientPool::Tally tally(std::uint64_t published, std::uint64_t sent);
  std::vector<std::uint32_t> silent_clients(std::size_t most);
  Histogram latency();
  Histogram handshake_times();

 private:
  class Member;

  Crowd() = default;
  // Runs it on all pools' threads concurrently and returns when the last is done.
  void ask(const std::function<void(ClientPool&)>& question);
  // Runs it on one pool after the other.
  void ask_in_turn(const std::function<void(ClientPool&)>& question);

  std::vector<std::unique_ptr<Member>> members_;
  std::uint32_t clients_ = 0;
};

}  // namespace carillon::loadgen
