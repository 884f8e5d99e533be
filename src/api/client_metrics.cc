// Metrics of clients: connections, requests, deliveries, what is read from them.
#include <string>
#include <vector>

#include "api/metric_families.h"

namespace carillon::api {
namespace {

using client::Counter;
using prometheus::MetricFamily;
using prometheus::MetricType;

using Endpoint = client::EndpointCounters;
using Shard = client::ShardCounters;

// Calls `each` with the number and the name of every [[endpoint]].
template <class Each>
void for_each_endpoint(Page& page, Each each) {
  const auto& endpoints = page.node().endpoints();
  for (std::size_t e = 0; e < endpoints.size() && endpoints[e].is_primary(); ++e) {
    each(e, endpoints[e].settings.name);
  }
}

// A counter of one [[endpoint]], for all its transports.
template <class Pick>
double total_of(Page& page, std::size_t primary, Pick pick) {
  std::uint64_t total = 0;
  for (const auto& endpoint : page.node().endpoints()) {
    if (endpoint.primary() != primary) continue;
    total +=
        page.sum([&](const Shard& shard) -> const Counter& { return pick(shard.endpoints[endpoint.index]); });
  }
  return static_cast<double>(total);
}

// A counter of every endpoint, and for what no endpoint has, such as HTTP requests, the one of the shards,
// whose label `endpoint` is empty.
void by_endpoint(Page& page, MetricFamily& family, const Counter Endpoint::*counter,
                 const Counter Shard::*of_others = nullptr) {
  const auto pick = [counter](const Endpoint& of) -> const Counter& { return of.*counter; };
  for_each_endpoint(page, [&](std::size_t e, const std::string& name) {
    Page::add(family, total_of(page, e, pick), {{"endpoint", name}});
  });
  if (of_others == nullptr) return;
  const auto total = page.sum(of_others);
  Page::add(family, static_cast<double>(total), {{"endpoint", ""}});
}

void count_by_endpoint(Page& page, const char* name, const char* help, const Counter Endpoint::*counter,
                       const Counter Shard::*of_others = nullptr) {
  by_endpoint(page, page.family(name, help, MetricType::Counter), counter, of_others);
}

void add_transports(Page& page) {
  MetricFamily& family =
      page.family("carillon_transport_connections",
                  "Open connections by transport: WebSockets, or streams of Server-Sent Events or NDJSON",
                  MetricType::Gauge);
  for (const auto& endpoint : page.node().endpoints()) {
    const auto total = page.sum(
        [&](const Shard& shard) -> const Counter& { return shard.endpoints[endpoint.index].connections; });
    Page::add(family, static_cast<double>(total),
              {{"endpoint", endpoint.settings.name},
               {"transport", std::string(config::name_of(endpoint.transport.kind))}});
  }
}

void add_endpoints(Page& page) {
  by_endpoint(page,
              page.family("carillon_connections", "Open connections: WebSockets and event streams",
                          MetricType::Gauge),
              &Endpoint::connections);
  add_transports(page);
  count_by_endpoint(page, "carillon_upgrades_total",
                    "WebSocket upgrades answered with 101, and requests answered with a stream of events",
                    &Endpoint::accepted);

  MetricFamily& closes =
      page.family("carillon_closes_total", "WebSocket connections and event streams closed, by reason",
                  MetricType::Counter);
  for_each_endpoint(page, [&](std::size_t e, const std::string& name) {
    for (std::size_t r = 0; r < static_cast<std::size_t>(client::CloseReason::count); ++r) {
      const auto reason = static_cast<client::CloseReason>(r);
      const auto pick = [reason](const Endpoint& of) -> const Counter& { return of.closes[reason]; };
      Page::add(closes, total_of(page, e, pick),
                {{"endpoint", name}, {"reason", std::string(name_of(reason))}});
    }
  });
}

void add_declined_compression(Page& page) {
  MetricFamily& family = page.family(
      "carillon_deflate_declined_total",
      "Offers of compression declined: deflate is off, or the offer is unknown", MetricType::Counter);
  for_each_endpoint(page, [&](std::size_t e, const std::string& name) {
    const auto add = [&](const char* reason, const Counter Endpoint::*counter) {
      const auto pick = [counter](const Endpoint& of) -> const Counter& { return of.*counter; };
      Page::add(family, total_of(page, e, pick), {{"endpoint", name}, {"reason", reason}});
    };
    add("off", &Endpoint::deflate_off);
    add("unknown_offer", &Endpoint::deflate_unknown);
  });
}

void add_refusals(Page& page) {
  MetricFamily& refusals =
      page.family("carillon_refusals_total",
                  "HTTP requests and upgrades refused, by reason; without an endpoint: requests "
                  "for other paths, and connections that ended before their request",
                  MetricType::Counter);
  for (std::size_t r = 0; r < static_cast<std::size_t>(client::RefusalReason::count); ++r) {
    const auto reason = static_cast<client::RefusalReason>(r);
    const auto add = [&](const std::string& endpoint, double total) {
      Page::add(refusals, total, {{"endpoint", endpoint}, {"reason", std::string(name_of(reason))}});
    };
    add("", static_cast<double>(
                page.sum([&](const Shard& shard) -> const Counter& { return shard.refusals[reason]; })));
    for_each_endpoint(page, [&](std::size_t e, const std::string& name) {
      const auto pick = [reason](const Endpoint& of) -> const Counter& { return of.refusals[reason]; };
      add(name, total_of(page, e, pick));
    });
  }
}

// What clients have shown to be admitted.
void add_admission(Page& page) {
  page.counter("carillon_admission_table_full_total",
               "Upgrades refused as accept_rate because the table of client addresses was full",
               page.node().admission().table_full_refusals());
  page.counter("carillon_reserved_channel_commands_total",
               "Client commands refused because the channel that they name is reserved (carillon.*)",
               &Shard::commands_reserved);
  page.counter("carillon_token_cache_hits_total", "Tokens that were found in the cache of verified tokens",
               &Shard::token_cache_hits);
  page.counter("carillon_token_cache_misses_total",
               "Tokens whose signature was checked, or that were refused before that",
               &Shard::token_cache_misses);
  page.counter("carillon_subprotocol_mismatches_total",
               "Upgrades in which the client offered none of the endpoint's subprotocols",
               &Shard::subprotocol_mismatches);
  const client::KeyGuesses& guesses = page.node().admission().key_guesses();
  page.counter("carillon_wrong_api_keys_total", "Requests with a wrong API key", guesses.wrong_keys());
  page.counter("carillon_wrong_api_key_refusals_total",
               "Requests answered 429 because their address had sent too many wrong API keys",
               guesses.refusals());
  page.counter("carillon_forwarded_malformed_total",
               "Requests from trusted proxies whose header names no client; the proxy's address was used",
               &Shard::forwarded_malformed);
}

void add_accepting(Page& page) {
  page.counter("carillon_accepts_total", "TCP connections accepted", &Shard::accepts);
  page.counter(
      "carillon_accept_pauses_total",
      "Pauses in accepting connections after an error of accept(), usually that no descriptor was left",
      &Shard::accept_pauses);
  page.counter("carillon_accepts_reserve_total",
               "Connections accepted on the spare descriptor, which serves only /health, /ready and /metrics",
               &Shard::essential_accepts);
  page.counter("carillon_http_idle_closes_total", "Idle HTTP connections closed to make room for others",
               &Shard::http_idle_closed);
  page.counter("carillon_tls_handshakes_total", "TLS handshakes completed", &Shard::tls_handshakes);
  page.counter("carillon_tls_resumptions_total", "TLS handshakes that resumed a session by ticket",
               &Shard::tls_resumptions);
  page.histogram("carillon_handshake_seconds",
                 "Time from accepting a connection to the 101 that answers its first request",
                 page.of_shards(&Shard::handshakes));
  page.gauge("carillon_sockets", "Open client sockets: HTTP and WebSocket", &Shard::sockets);
  page.gauge("carillon_http_connections", "Open client sockets that speak HTTP", &Shard::http_connections);
  page.gauge("carillon_upgrades_waiting", "Upgrades that wait for a key set", &Shard::upgrades_waiting);
}

void add_delivery(Page& page) {
  count_by_endpoint(page, "carillon_deliveries_total",
                    "Events written to client sockets, one per event and subscriber", &Endpoint::deliveries);
  page.histogram("carillon_delivery_latency_seconds",
                 "Time from an event's arrival to its write to a client's socket; of one in 64 writes",
                 page.of_shards(&Shard::delivery_latency));
  page.histogram("carillon_event_recipients",
                 "Subscribers of an event log when an event was appended to it; of one in 16 appends",
                 page.of_shards(&Shard::recipients), 1);
  page.counter("carillon_writes_total",
               "Gathered writes to client sockets; deliveries divided by writes is the coalescing ratio",
               &Shard::writes);
  count_by_endpoint(page, "carillon_client_sent_bytes_total",
                    "Bytes sent to clients; without an endpoint: HTTP answers", &Endpoint::bytes_out,
                    &Shard::http_bytes_out);
  page.counter("carillon_client_error_frames_total",
               "Error frames sent to clients, after a bad message or command", &Shard::error_frames);
  page.counter("carillon_client_publish_failures_total",
               "Events of clients that were not published: the bus refused them, or too many waited for it",
               &Shard::publishes_failed);
  page.counter("carillon_client_replies_dropped_total",
               "Replies to commands dropped because the client's outbox was full", &Shard::replies_dropped);
  page.counter("carillon_http_requests_total", "HTTP requests other than upgrades", &Shard::http_requests);
  page.counter(
      "carillon_events_skipped_total",
      "Events that a log dropped before a client that was not slow had been sent them, one per event and "
      "client; always a fault of the gateway",
      &Shard::overruns);
  page.counter("carillon_batches_dropped_total", "Batches of events dropped because a shard's inbox was full",
               &Shard::missed_batches);
}

void add_engine(Page& page) {
  page.gauge("carillon_channels", "Channels with a subscriber, summed over the shards", &Shard::channels);
  page.gauge("carillon_selections",
             "Distinct selections with an event log of their own, summed over the shards",
             &Shard::selections);
  page.gauge("carillon_mixed_connections",
             "Connections that share an event log because select.sets_max was reached", &Shard::mixed);
  page.gauge("carillon_blocked_connections", "Connections whose socket buffer is full", &Shard::blocked);
  page.gauge("carillon_event_log_bytes",
             "Bytes in the event logs that at least one connection still needs, summed over the shards",
             &Shard::retained_bytes);
}

void add_backlog(Page& page) {
  MetricFamily& slow =
      page.family("carillon_slow_consumers_total",
                  "Connections found slow, by the limit that they broke: lag.bytes_max, lag.age_max or "
                  "server.backlog_bytes_max (memory)",
                  MetricType::Counter);
  const auto add = [&](const char* rule, client::Counter Shard::*counter) {
    const auto total = page.sum(counter);
    Page::add(slow, static_cast<double>(total), {{"rule", rule}});
  };
  add("bytes", &Shard::slow_by_bytes);
  add("age", &Shard::slow_by_age);
  add("memory", &Shard::slow_by_memory);
  page.counter(
      "carillon_lag_excused_total",
      "Checks in which a connection was over a lag limit but not slow, because its shard was overloaded",
      &Shard::late);
  page.counter("carillon_lag_skipped_events_total",
               "Events that slow connections were not sent (lag.policy); gap frames report them",
               &Shard::events_skipped);
  const fanout::FrameMemory& memory = page.node().frame_memory();
  page.gauge("carillon_backlog_bytes",
             "Memory of the events that at least one connection has not been sent yet",
             static_cast<double>(memory.bytes()));
  page.gauge("carillon_backlog_limit_bytes", "Limit of carillon_backlog_bytes (server.backlog_bytes_max)",
             static_cast<double>(memory.bytes_max()));
}

void add_reading(Page& page) {
  count_by_endpoint(page, "carillon_client_received_bytes_total",
                    "Bytes received from clients; without an endpoint: HTTP requests and TLS handshakes",
                    &Endpoint::bytes_in, &Shard::http_bytes_in);
  count_by_endpoint(page, "carillon_client_messages_received_total", "Data messages received from clients",
                    &Endpoint::messages_in);
  page.counter("carillon_client_commands_total", "Commands received from clients, valid or not",
               &Shard::commands);
  page.counter("carillon_client_control_frames_received_total", "Pings and pongs received from clients",
               &Shard::control_frames_in);
  page.counter("carillon_client_pings_coalesced_total",
               "Pings answered by the pong to a newer ping of the same client", &Shard::pings_passed_over);
  page.counter("carillon_read_slices_exhausted_total",
               "Loop turns in which the time slice for reading ended before every client was read",
               &Shard::read_slices_used_up);
}

void add_limits(Page& page, const LimitsShown& limits) {
  page.gauge("carillon_connections_limit", "Limit of all open WebSocket connections (server.connections_max)",
             static_cast<double>(limits.connections_max));
  MetricFamily& family =
      page.family("carillon_endpoint_connections_limit",
                  "Limit of carillon_connections, by endpoint (limits.connections)", MetricType::Gauge);
  for (const auto& [endpoint, most] : limits.endpoints) {
    Page::add(family, static_cast<double>(most), {{"endpoint", endpoint}});
  }
  page.gauge("carillon_http_connections_limit",
             "Limit of carillon_http_connections (server.http_connections_max)",
             &Shard::http_connections_limit);
}

}  // namespace

void add_client_metrics(Page& page, const LimitsShown& limits) {
  add_endpoints(page);
  add_declined_compression(page);
  add_accepting(page);
  add_delivery(page);
  add_engine(page);
  add_backlog(page);
  add_reading(page);
  add_refusals(page);
  add_admission(page);
  add_limits(page, limits);
}

}  // namespace carillon::api
