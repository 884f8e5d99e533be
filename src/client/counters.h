// Counters: what a shard and the Router count. One thread writes each, any thread reads: relaxed
// atomics written by load and store, which costs what a plain number costs.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "client/reasons.h"

namespace carillon::client {

class Counter {
 public:
  void add(std::uint64_t n = 1) { set(value_.load(std::memory_order_relaxed) + n); }
  void subtract(std::uint64_t n = 1) { set(value_.load(std::memory_order_relaxed) - n); }
  void set(std::uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

template <class Reason>
struct ByReason {
  std::array<Counter, static_cast<std::size_t>(Reason::count)> counters;
  Counter& operator[](Reason reason) { return counters[static_cast<std::size_t>(reason)]; }
  const Counter& operator[](Reason reason) const { return counters[static_cast<std::size_t>(reason)]; }
};

struct EndpointCounters {
  Counter connections;      // now open
  Counter accepted;         // 101 answers
  Counter events;           // appended to this shard's log
  Counter deflate_off;      // upgrades that offered compression while `deflate` is off
  Counter deflate_unknown;  // and those that offered none that we can take
  ByReason<CloseReason> closes;
};

struct ShardCounters {
  explicit ShardCounters(std::size_t endpoint_count) : endpoints(endpoint_count) {}

  Counter sockets;  // now open, HTTP included
  Counter accepts;
  Counter accept_pauses;      // an error of accept(), most often that no descriptor was left
  Counter essential_accepts;  // on the spare descriptor
  Counter http_connections;   // of the sockets, those that speak HTTP
  Counter http_idle_closed;   // to make room
  Counter tls_handshakes;     // done
  Counter tls_resumptions;    // of them, by a ticket
  Counter http_requests;
  Counter forwarded_malformed;  // headers of trusted proxies without a usable address; the peer's was used
  Counter messages_in;          // data messages of clients
  Counter control_frames_in;    // pings and pongs of clients
  Counter pings_passed_over;    // answered by the pong of a newer ping of the same read
  Counter bytes_in;
  Counter read_slices_used_up;  // turns that ended with connections still to be read
  Counter deliveries;           // events given to the kernel, one a subscriber
  Counter writes;               // gathered writes; deliveries / writes is the coalescing ratio
  Counter bytes_out;
  Counter retained_bytes;  // of all logs, now
  Counter blocked;         // connections that cannot take bytes, now
  Counter overruns;
  Counter slow_by_bytes;  // connections found slow, by rule
  Counter slow_by_age;
  Counter slow_by_memory;
  Counter late;            // looks that found a connection over a limit because this shard is overloaded
  Counter missed_batches;  // the inbox was full
  Counter commands;
  Counter errors_told;       // error frames
  Counter replies_dropped;   // too many waited for a full outbox
  Counter channels;          // that somebody subscribes to, now
  Counter selections;        // with a log of their own, now
  Counter mixed;             // connections beyond select.sets_max, now
  Counter lines_suppressed;  // events of clients that got no log line of their own

  Counter commands_reserved;       // refused: they ask for a channel under carillon.
  Counter subprotocol_mismatches;  // upgrades whose client offered none of the endpoint's subprotocols

  ByReason<RefusalReason> refusals;
  std::vector<EndpointCounters> endpoints;
};

struct RouterCounters {
  Counter events_in;      // from the bus
  Counter events_routed;  // frames made: one an event and endpoint
  Counter dropped_invalid_json;
  Counter dropped_unfit;       // the body has not what source.require wants; one an endpoint
  Counter dropped_unselected;  // of a value that select.known does not have; likewise
  Counter dropped_no_endpoint;
  Counter dropped_reserved;   // of a channel under carillon.
  Counter dropped_too_large;  // its frame would be over 2 GiB; one an endpoint
  Counter dropped_no_memory;  // likewise; the endpoint's clients are told
  Counter batches;
  Counter bus_gaps;
  Counter lines_suppressed;  // dropped events that got no log line of their own
};

}  // namespace carillon::client
