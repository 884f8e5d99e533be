// Counters: what a shard and the Router count. One thread writes each counter and any thread may read it:
// they are relaxed atomics, written by a load and a store, which cost the same as a plain number.
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
  Counter events;           // events of this endpoint that reached this shard
  Counter deflate_off;      // upgrades that offered compression while `deflate` is off
  Counter deflate_unknown;  // upgrades whose offers of compression are not supported
  ByReason<CloseReason> closes;
};

struct ShardCounters {
  explicit ShardCounters(std::size_t endpoint_count) : endpoints(endpoint_count) {}

  Counter sockets;  // now open, HTTP included
  Counter accepts;
  Counter accept_pauses;      // after an error of accept(), usually that no descriptor was left
  Counter essential_accepts;  // on the spare descriptor
  Counter http_connections;   // sockets that speak HTTP, now
  Counter upgrades_waiting;   // for a key set, now
  Counter http_idle_closed;   // idle connections closed to make room
  Counter tls_handshakes;     // completed
  Counter tls_resumptions;    // handshakes that used a ticket
  Counter http_requests;
  Counter forwarded_malformed;  // headers of trusted proxies without a usable address; the peer's was used
  Counter messages_in;          // data messages of clients
  Counter control_frames_in;    // pings and pongs of clients
  Counter pings_passed_over;    // not answered, because a newer ping of the same read was
  Counter bytes_in;
  Counter read_slices_used_up;  // turns that ended with connections still queued for reading
  Counter deliveries;           // events written to sockets, one per subscriber
  Counter writes;               // gathered writes; deliveries / writes is the coalescing ratio
  Counter bytes_out;
  Counter retained_bytes;  // of all logs, now
  Counter blocked;         // connections that cannot take bytes, now
  Counter overruns;
  Counter slow_by_bytes;  // slow connections by rule
  Counter slow_by_age;
  Counter slow_by_memory;
  Counter late;  // checks that found a connection over a limit only because this shard is overloaded
  Counter missed_batches;  // because the inbox was full
  Counter commands;
  Counter error_frames;      // sent to clients after a bad message or command
  Counter publishes_failed;  // of clients: the bus refused the event, or too many wait for it
  Counter replies_dropped;   // because too many waited for a full outbox
  Counter channels;          // with subscribers, now
  Counter selections;        // with their own log, now
  Counter mixed;             // connections beyond select.sets_max, now
  Counter lines_suppressed;  // log lines about clients that sampling suppressed

  Counter commands_reserved;  // refused, because their channel begins with carillon.
  Counter token_cache_hits;   // tokens that had been verified before
  Counter token_cache_misses;
  Counter subprotocol_mismatches;  // upgrades whose client offered none of the endpoint's subprotocols

  ByReason<RefusalReason> refusals;
  std::vector<EndpointCounters> endpoints;
};

struct RouterCounters {
  Counter events_in;      // from the bus
  Counter events_routed;  // frames made: one per event and endpoint
  Counter dropped_invalid_json;
  Counter dropped_unfit;       // the body fails source.require; one per endpoint
  Counter dropped_unselected;  // its value is not in select.known; one per endpoint
  Counter dropped_no_endpoint;
  Counter dropped_reserved;   // its channel begins with carillon.
  Counter dropped_too_large;  // its frame would be over 2 GiB; one per endpoint
  Counter dropped_no_memory;  // one per endpoint, whose clients are closed
  Counter batches;
  Counter bus_gaps;
  Counter lines_suppressed;  // log lines about dropped events that sampling suppressed
};

}  // namespace carillon::client
