// Counters: what a shard and the Router count. One thread writes each counter and any thread may read it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/counter.h"
#include "base/histogram.h"
#include "client/reasons.h"

namespace carillon::client {

using carillon::Counter;

template <class Reason>
struct ByReason {
  std::array<Counter, static_cast<std::size_t>(Reason::count)> counters;
  Counter& operator[](Reason reason) { return counters[static_cast<std::size_t>(reason)]; }
  const Counter& operator[](Reason reason) const { return counters[static_cast<std::size_t>(reason)]; }
};

struct EndpointCounters {
  Counter connections;      // now open
  Counter accepted;         // 101 answers
  Counter deliveries;       // events written to sockets, one per subscriber
  Counter bytes_out;        // sent to clients
  Counter bytes_in;         // received from clients
  Counter messages_in;      // data messages of clients
  Counter deflate_off;      // upgrades that offered compression while `deflate` is off
  Counter deflate_unknown;  // upgrades whose offers of compression are not supported
  ByReason<CloseReason> closes;
  ByReason<RefusalReason> refusals;
};

struct ShardCounters {
  explicit ShardCounters(std::size_t endpoint_count) : endpoints(endpoint_count) {}

  Counter sockets;  // now open, HTTP included
  Counter accepts;
  Counter accept_pauses;           // after an error of accept(), usually that no descriptor was left
  Counter essential_accepts;       // on the spare descriptor
  Counter http_connections;        // sockets that speak HTTP, now
  Counter http_connections_limit;  // its share of server.http_connections_max, or what "auto" is here
  Counter upgrades_waiting;        // for a key set, now
  Counter http_idle_closed;        // idle connections closed to make room
  Counter tls_handshakes;          // completed
  Counter tls_resumptions;         // handshakes that used a ticket
  Counter http_requests;
  Counter forwarded_malformed;  // headers of trusted proxies without a usable address; the peer's was used
  Counter control_frames_in;    // pings and pongs of clients
  Counter pings_passed_over;    // not answered, because a newer ping of the same read was
  Counter http_bytes_in;        // of sockets that speak HTTP, TLS handshakes included
  Counter read_slices_used_up;  // turns that ended with connections still queued for reading
  Counter writes;               // gathered writes; deliveries / writes is the coalescing ratio
  Counter http_bytes_out;       // sent to sockets that speak HTTP
  Counter retained_bytes;       // of all logs, now
  Counter blocked;              // connections that cannot take bytes, now
  Counter overruns;
  Counter slow_by_bytes;  // slow connections by rule
  Counter slow_by_age;
  Counter slow_by_memory;
  Counter gap_frames_slow;  // sent to slow clients
  Counter events_skipped;   // the events in those gaps
  Counter gap_frames_bus;   // sent after a gap of the bus
  Counter gap_frames_owed;  // connections that have not been sent one for a gap of the bus, now
  Counter degraded_frames;  // sent when the bus was lost
  Counter restored_frames;  // sent when it was back
  Counter late;  // checks that found a connection over a limit only because this shard is overloaded
  Counter missed_batches;  // because the inbox was full
  Counter commands;
  Counter error_frames;        // sent to clients after a bad message or command
  Counter publishes_failed;    // of clients: the bus refused the event, or too many wait for it
  Counter replies_dropped;     // because too many waited for a full outbox
  Counter channels;            // with subscribers, now
  Counter selections;          // with their own log, now
  Counter mixed;               // connections beyond select.sets_max, now
  Counter lines_suppressed;    // log lines about clients that sampling suppressed
  Counter resumes_overloaded;  // subscriptions that were sent nothing of the past, because too many asked

  Counter histories_overloaded;  // history commands answered without events, because too many wait to be read
  Counter commands_reserved;     // refused, because their channel begins with carillon.
  Counter token_cache_hits;      // tokens that had been verified before
  Counter token_cache_misses;
  Counter subprotocol_mismatches;  // upgrades whose client offered none of the endpoint's subprotocols

  Histogram delivery_latency{kTimeBounds};  // sampled: from the event's arrival to the write to a socket
  Histogram handshakes{kTimeBounds};        // from accept() to the 101
  Histogram recipients{kClientBounds};      // sampled: subscribers of the log that an event was appended to

  ByReason<RefusalReason> refusals;  // of requests for no endpoint's path
  std::vector<EndpointCounters> endpoints;

  // With those of all endpoints.
  std::uint64_t all_refusals(RefusalReason reason) const {
    std::uint64_t total = refusals[reason].get();
    for (const EndpointCounters& endpoint : endpoints) total += endpoint.refusals[reason].get();
    return total;
  }
};

struct RouterCounters {
  explicit RouterCounters(std::size_t endpoint_count) : endpoints(endpoint_count) {}

  struct ByEndpoint {
    Counter routed;              // events, once for all transports
    Counter dropped_unfit;       // the body fails source.require
    Counter dropped_unselected;  // its value is not in select.known
  };
  std::vector<ByEndpoint> endpoints;  // the primary ones count
  Counter events_in;                  // from the bus
  Counter dropped_invalid_json;
  Counter dropped_no_endpoint;
  Counter dropped_reserved;   // its channel begins with carillon.
  Counter dropped_too_large;  // its frame would be over 2 GiB; one per endpoint
  Counter dropped_no_memory;  // one per endpoint, whose clients are closed
  Counter batches;
  Counter bus_gaps;
  Counter lines_suppressed;  // log lines about dropped events that sampling suppressed
};

}  // namespace carillon::client
