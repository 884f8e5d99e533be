#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "loadgen/client_pool.h"
#include "loadgen/histogram.h"
#include "loadgen/process.h"

namespace carillon::loadgen {

// Report: what a run of `carillon bench` has found, as a table for people and as JSON.
//
// Pure values. Thread: any. Times are in microseconds unless their names state another unit. What was not
// measured is omitted from the JSON and from the table.
struct Report {
  std::uint32_t clients = 0;  // that were wanted
  PoolCounters counters;
  std::string first_refusal;  // why the first of the refused ones was; empty: none was
  double connect_s = 0;
  Histogram handshakes;

  // During the measurement; published == 0: the run only listened.
  std::uint64_t published = 0;
  std::uint64_t publish_refused = 0;
  std::string publish_refusal;
  std::uint64_t publish_unacknowledged = 0;  // of the timetable, when the time was up
  double measured_s = 0;    // from the first event's time to the last delivery, or until the time was up
  ClientPool::Tally tally;  // against what was published
  bool time_up = false;     // deliveries were still arriving: what `tally` counts as lost might only be late
  std::uint64_t deliveries = 0;
  Histogram latency;
  std::uint64_t own_cpu_ns = 0;  // of the clients' threads

  // The processes given with --server-pid.
  struct Server {
    Usage before;     // without any client
    Usage connected;  // with all of them, idle
    Usage end;        // after the measurement
  };
  std::optional<Server> server;

  // Nothing was lost, late or refused, no client that reads was dropped, and nothing was out
  // of order.
  bool good() const;
};

std::string json_of(const Report& report);
std::string table_of(const Report& report);

}  // namespace carillon::loadgen
