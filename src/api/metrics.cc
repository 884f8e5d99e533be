#include "api/metrics.h"

#include <string>
#include <vector>

#include "api/metrics_page.h"

namespace carillon::api {
namespace {

using client::Counter;
using gateway::Node;
using prometheus::MetricFamily;
using prometheus::MetricType;

void add_endpoints(Page& page) {
  const auto& endpoints = page.node().endpoints();
  const auto by_endpoint = [&](const char* name, const char* help, MetricType type,
                               const Counter client::EndpointCounters::*counter) {
    MetricFamily& family = page.family(name, help, type);
    for (std::size_t e = 0; e < endpoints.size(); ++e) {
      const auto total =
          page.sum([&](const auto& shard) -> const Counter& { return shard.endpoints[e].*counter; });
      Page::add(family, static_cast<double>(total), {{"endpoint", endpoints[e].settings.name}});
    }
  };
  by_endpoint("carillon_connections", "Open WebSocket connections", MetricType::Gauge,
              &client::EndpointCounters::connections);
  by_endpoint("carillon_upgrades_total", "WebSocket upgrades answered with 101", MetricType::Counter,
              &client::EndpointCounters::accepted);

  MetricFamily& closes =
      page.family("carillon_closes_total", "WebSocket connections closed, by reason", MetricType::Counter);
  for (std::size_t e = 0; e < endpoints.size(); ++e) {
    for (std::size_t r = 0; r < static_cast<std::size_t>(client::CloseReason::count); ++r) {
      const auto reason = static_cast<client::CloseReason>(r);
      const auto total =
          page.sum([&](const auto& shard) -> const Counter& { return shard.endpoints[e].closes[reason]; });
      Page::add(closes, static_cast<double>(total),
                {{"endpoint", endpoints[e].settings.name}, {"reason", std::string(name_of(reason))}});
    }
  }
}

void add_declined_compression(Page& page) {
  using DeclinedCounter = Counter client::EndpointCounters::*;
  const auto& endpoints = page.node().endpoints();
  MetricFamily& family = page.family("carillon_deflate_declined_total",
                                     "Compression offers declined, by reason", MetricType::Counter);
  const auto add = [&](std::size_t endpoint, const char* reason, DeclinedCounter counter) {
    const auto total =
        page.sum([&](const auto& shard) -> const Counter& { return shard.endpoints[endpoint].*counter; });
    Page::add(family, static_cast<double>(total),
              {{"endpoint", endpoints[endpoint].settings.name}, {"reason", reason}});
  };
  for (std::size_t e = 0; e < endpoints.size(); ++e) {
    add(e, "off", &client::EndpointCounters::deflate_off);
    add(e, "unknown_offer", &client::EndpointCounters::deflate_unknown);
  }
}

void add_refusals(Page& page) {
  MetricFamily& refusals = page.family("carillon_refusals_total",
                                       "HTTP requests and upgrades refused, by reason", MetricType::Counter);
  for (std::size_t r = 0; r < static_cast<std::size_t>(client::RefusalReason::count); ++r) {
    const auto reason = static_cast<client::RefusalReason>(r);
    const auto total = page.sum([&](const auto& shard) -> const Counter& { return shard.refusals[reason]; });
    Page::add(refusals, static_cast<double>(total), {{"reason", std::string(name_of(reason))}});
  }
  page.counter("carillon_admission_table_full_total",
               "Upgrades refused as accept_rate because the table of client addresses was full",
               page.node().admission().table_full_refusals());
  page.counter("carillon_reserved_channel_commands_total",
               "Client commands refused because they name a channel under carillon.",
               page.sum([](const auto& shard) -> const Counter& { return shard.commands_reserved; }));
  page.counter("carillon_token_cache_hits_total", "Tokens that were found in the cache of verified tokens",
               page.sum([](const auto& shard) -> const Counter& { return shard.token_cache_hits; }));
  page.counter("carillon_token_cache_misses_total",
               "Tokens whose signature was checked, or that were refused before that",
               page.sum([](const auto& shard) -> const Counter& { return shard.token_cache_misses; }));
  page.counter("carillon_subprotocol_mismatches_total",
               "Upgrades in which the client offered none of the endpoint's subprotocols",
               page.sum([](const auto& shard) -> const Counter& { return shard.subprotocol_mismatches; }));
  const client::KeyGuesses& guesses = page.node().admission().key_guesses();
  page.counter("carillon_wrong_api_keys_total", "Requests with a wrong API key", guesses.wrong_keys());
  page.counter("carillon_wrong_api_key_refusals_total",
               "Requests answered 429 because their address had sent too many wrong API keys",
               guesses.refusals());
  page.counter("carillon_forwarded_malformed_total",
               "Requests from trusted proxies whose header names no client; the proxy's address was used",
               page.sum([](const auto& shard) -> const Counter& { return shard.forwarded_malformed; }));
}

void add_bus(Page& page) {
  const client::RouterCounters& router = page.node().router().counters();
  const bus::BusCounters& bus = page.node().bus_counters();
  page.counter("carillon_bus_events_received_total", "Events received from the bus", router.events_in.get());
  page.counter("carillon_events_routed_total", "Events routed to an endpoint, one per event and endpoint",
               router.events_routed.get());
  MetricFamily& dropped =
      page.family("carillon_events_dropped_total", "Events dropped, by reason", MetricType::Counter);
  Page::add(dropped, static_cast<double>(router.dropped_invalid_json.get()), {{"reason", "invalid_json"}});
  Page::add(dropped, static_cast<double>(router.dropped_unfit.get()), {{"reason", "requirement_failed"}});
  Page::add(dropped, static_cast<double>(router.dropped_unselected.get()), {{"reason", "not_selectable"}});
  Page::add(dropped, static_cast<double>(router.dropped_no_endpoint.get()), {{"reason", "no_endpoint"}});
  Page::add(dropped, static_cast<double>(router.dropped_reserved.get()), {{"reason", "reserved_channel"}});
  Page::add(dropped, static_cast<double>(bus.oversize_dropped.load()), {{"reason", "body_too_large"}});
  Page::add(dropped, static_cast<double>(router.dropped_too_large.get()), {{"reason", "frame_too_large"}});
  Page::add(dropped, static_cast<double>(router.dropped_no_memory.get()), {{"reason", "no_memory"}});
  page.gauge("carillon_bus_up", "1 while the bus is connected, subscribed and answering probes",
             page.node().router().bus_is_up() ? 1 : 0);
  page.counter("carillon_bus_gaps_total", "Times that events on the bus may have been lost",
               router.bus_gaps.get());
  page.counter("carillon_bus_connects_total",
               "Times that the subscribing connection to the broker became ready", bus.connects.load());
  page.counter("carillon_bus_disconnects_total", "Times that a ready subscribing connection was lost",
               bus.disconnects.load());
  page.counter("carillon_bus_received_bytes_total", "Bytes of event bodies received from the bus",
               bus.bytes_in.load());
  page.counter("carillon_bus_events_published_total", "Events that the bus acknowledged",
               bus.published.load());
  page.counter(
      "carillon_bus_publish_failures_total",
      "Publishes that the broker refused or did not acknowledge in time; some may have been published",
      bus.publish_failures.load());
}

// The checks by which the gateway notices that its broker is gone, replaced or demoted.
void add_bus_checks(Page& page) {
  const bus::BusCounters& bus = page.node().bus_counters();
  page.counter("carillon_bus_probes_missed_total", "Probes that did not come back in time",
               bus.probes_missed.load());
  MetricFamily& checks =
      page.family("carillon_bus_address_checks_total",
                  "Checks that the broker's configured address leads to the connected server, by result",
                  MetricType::Counter);
  Page::add(checks, static_cast<double>(bus.address_checks.load()), {{"result", "answered"}});
  Page::add(checks, static_cast<double>(bus.address_checks_missed.load()), {{"result", "missed"}});
  MetricFamily& failovers =
      page.family("carillon_bus_failovers_total", "Failovers of the broker that a check found, by reason",
                  MetricType::Counter);
  Page::add(failovers, static_cast<double>(bus.failovers_to_other.load()), {{"reason", "other_server"}});
  Page::add(failovers, static_cast<double>(bus.failovers_demoted.load()), {{"reason", "replica"}});
}

void add_backlog(Page& page) {
  using Shard = client::ShardCounters;
  MetricFamily& slow =
      page.family("carillon_slow_consumers_total", "Connections found slow, by the lag rule that they broke",
                  MetricType::Counter);
  const auto add = [&](const char* rule, client::Counter Shard::*counter) {
    const auto total =
        page.sum([counter](const Shard& shard) -> const client::Counter& { return shard.*counter; });
    Page::add(slow, static_cast<double>(total), {{"rule", rule}});
  };
  add("bytes", &Shard::slow_by_bytes);
  add("age", &Shard::slow_by_age);
  add("memory", &Shard::slow_by_memory);
  page.counter(
      "carillon_lag_excused_total",
      "Checks in which a connection was over a lag limit but not slow, because its shard was overloaded",
      page.sum([](const Shard& shard) -> const Counter& { return shard.late; }));
  const fanout::FrameMemory& memory = page.node().frame_memory();
  page.gauge("carillon_backlog_bytes",
             "Memory of the events that at least one connection has not been sent yet",
             static_cast<double>(memory.bytes()));
  page.gauge("carillon_backlog_limit_bytes", "Limit of carillon_backlog_bytes (server.backlog_bytes_max)",
             static_cast<double>(memory.bytes_max()));
}

void add_accepting(Page& page) {
  using Shard = client::ShardCounters;
  const auto total = [&](const Counter Shard::*which) {
    return page.sum([&](const Shard& shard) -> const Counter& { return shard.*which; });
  };
  const auto counter = [&](const char* name, const char* help, const Counter Shard::*which) {
    page.counter(name, help, total(which));
  };
  const auto gauge = [&](const char* name, const char* help, const Counter Shard::*which) {
    page.gauge(name, help, static_cast<double>(total(which)));
  };
  counter("carillon_accepts_total", "TCP connections accepted", &Shard::accepts);
  counter("carillon_accept_pauses_total", "Pauses in accepting connections after an error of accept()",
          &Shard::accept_pauses);
  counter("carillon_accepts_reserve_total",
          "Connections accepted on the spare descriptor, which serves only /health, /ready and /metrics",
          &Shard::essential_accepts);
  counter("carillon_http_idle_closes_total", "Idle HTTP connections closed to make room for others",
          &Shard::http_idle_closed);
  counter("carillon_tls_handshakes_total", "TLS handshakes completed", &Shard::tls_handshakes);
  counter("carillon_tls_resumptions_total", "TLS handshakes that resumed a session by ticket",
          &Shard::tls_resumptions);
  gauge("carillon_sockets", "Open client sockets: HTTP and WebSocket", &Shard::sockets);
  gauge("carillon_http_connections", "Open client sockets that speak HTTP", &Shard::http_connections);
  gauge("carillon_upgrades_waiting", "Upgrades that wait for a key set", &Shard::upgrades_waiting);
}

void add_delivery(Page& page) {
  using Shard = client::ShardCounters;
  const auto counter = [&](const char* name, const char* help, const Counter Shard::*which) {
    page.counter(name, help, page.sum([&](const Shard& shard) -> const Counter& { return shard.*which; }));
  };
  const auto gauge = [&](const char* name, const char* help, const Counter Shard::*which) {
    const auto total = page.sum([&](const Shard& shard) -> const Counter& { return shard.*which; });
    page.gauge(name, help, static_cast<double>(total));
  };
  counter("carillon_deliveries_total", "Events written to client sockets, one per event and subscriber",
          &Shard::deliveries);
  counter("carillon_writes_total",
          "Gathered writes to client sockets; deliveries divided by writes is the coalescing ratio",
          &Shard::writes);
  counter("carillon_client_sent_bytes_total", "Bytes sent to clients", &Shard::bytes_out);
  counter("carillon_client_error_frames_total", "Error frames sent to clients", &Shard::error_frames);
  counter("carillon_client_publish_failures_total",
          "Events of clients that were not published: the bus refused them, or too many waited for it",
          &Shard::publishes_failed);
  counter("carillon_client_replies_dropped_total",
          "Replies to commands dropped because the client's outbox was full", &Shard::replies_dropped);
  counter("carillon_http_requests_total", "HTTP requests other than upgrades", &Shard::http_requests);
  counter("carillon_events_skipped_total",
          "Events that a log dropped before a client that was not slow had been sent them, one per event and "
          "client; always a fault of the gateway",
          &Shard::overruns);
  counter("carillon_batches_dropped_total", "Batches of events dropped because a shard's inbox was full",
          &Shard::missed_batches);
  gauge("carillon_channels", "Channels with a subscriber, summed over the shards", &Shard::channels);
  gauge("carillon_selections", "Distinct selections with an event log of their own, summed over the shards",
        &Shard::selections);
  gauge("carillon_mixed_connections",
        "Connections that share an event log because select.sets_max was reached", &Shard::mixed);
  gauge("carillon_blocked_connections", "Connections whose socket buffer is full", &Shard::blocked);
  gauge("carillon_event_log_bytes",
        "Bytes in the event logs that at least one connection still needs, summed over the shards",
        &Shard::retained_bytes);
}

void add_memory(Page& page) {
  const client::MemoryPressure& memory = page.node().memory();
  page.gauge("carillon_memory_used_bytes", "Memory in use, compared with carillon_memory_limit_bytes",
             static_cast<double>(memory.used_bytes()));
  page.gauge("carillon_memory_limit_bytes",
             "Memory limit: RAM, the limit of the cgroup, or server.memory_limit",
             static_cast<double>(memory.limit_bytes()));
  page.gauge("carillon_memory_level",
             "Memory pressure: 0 normal, 1 refusing new clients, 2 also closing the clients furthest behind",
             static_cast<double>(memory.level()));
  page.counter("carillon_memory_reserve_uses_total",
               "Failed allocations for which the reserved memory was used", memory.reserve_uses());
  page.gauge("carillon_request_body_bytes", "Memory of the bodies of requests that are not answered yet",
             static_cast<double>(page.node().admission().bodies().bytes()));
}

void add_reading(Page& page) {
  using Shard = client::ShardCounters;
  const auto counter = [&](const char* name, const char* help, const Counter Shard::*which) {
    page.counter(name, help, page.sum([&](const Shard& shard) -> const Counter& { return shard.*which; }));
  };
  counter("carillon_client_received_bytes_total", "Bytes received from clients", &Shard::bytes_in);
  counter("carillon_client_messages_received_total", "Data messages received from clients",
          &Shard::messages_in);
  counter("carillon_client_commands_total", "Commands received from clients, valid or not", &Shard::commands);
  counter("carillon_client_control_frames_received_total", "Pings and pongs received from clients",
          &Shard::control_frames_in);
  counter("carillon_client_pings_coalesced_total",
          "Pings answered by the pong to a newer ping of the same client", &Shard::pings_passed_over);
  counter("carillon_read_slices_exhausted_total",
          "Loop turns in which the time slice for reading ended before every client was read",
          &Shard::read_slices_used_up);
}

void add_ingest(Page& page, const IngestCounters& ingest) {
  page.counter("carillon_ingest_accepted_total", "Requests to ingest routes that were published as an event",
               ingest.accepted.load(std::memory_order_relaxed));
  MetricFamily& refusals = page.family("carillon_ingest_refusals_total",
                                       "Requests to ingest routes refused, by reason", MetricType::Counter);
  for (std::size_t r = 0; r < ingest.refused.size(); ++r) {
    Page::add(refusals, static_cast<double>(ingest.refused[r].load(std::memory_order_relaxed)),
              {{"reason", std::string(name_of(static_cast<IngestRefusal>(r)))}});
  }
}

void add_publish(Page& page, const PublishCounters& publish) {
  page.counter("carillon_publish_unrouted_total",
               "Events accepted over HTTP for channels that no endpoint carries",
               publish.unrouted.load(std::memory_order_relaxed));
  MetricFamily& refusals = page.family("carillon_publish_refusals_total",
                                       "Requests to the publish API refused, by reason", MetricType::Counter);
  for (std::size_t r = 0; r < publish.refused.size(); ++r) {
    Page::add(refusals, static_cast<double>(publish.refused[r].load(std::memory_order_relaxed)),
              {{"reason", std::string(name_of(static_cast<PublishRefusal>(r)))}});
  }
}

void add_key_sets(Page& page) {
  const auth::KeyStore::Slots slots = page.node().key_sets().slots();
  MetricFamily& fetches = page.family("carillon_key_set_fetches_total",
                                      "Fetches of key sets, by [keys.*] and outcome", MetricType::Counter);
  for (const auto& slot : slots) {
    const auth::KeySetStatus status = slot->status();
    for (std::size_t i = 0; i < status.fetches.size(); ++i) {
      const std::string outcome(name_of(static_cast<auth::FetchOutcome>(i)));
      Page::add(fetches, static_cast<double>(status.fetches[i]),
                {{"key", slot->name()}, {"outcome", outcome}});
    }
  }
  const auto gauge = [&](const char* name, const char* help, double auth::KeySetStatus::*value) {
    MetricFamily& family = page.family(name, help, MetricType::Gauge);
    for (const auto& slot : slots) Page::add(family, slot->status().*value, {{"key", slot->name()}});
  };
  gauge("carillon_key_set_keys", "Keys of a key set that are in use, by [keys.*]", &auth::KeySetStatus::keys);
  gauge("carillon_key_set_fetched_timestamp_seconds",
        "When the keys in use were last fetched, by [keys.*]; 0: none are in use",
        &auth::KeySetStatus::fetched_at_s);
}

void add_log(Page& page, std::uint64_t dropped_log_lines) {
  page.counter("carillon_log_lines_dropped_total",
               "Log lines dropped because the queue was full or the output blocked", dropped_log_lines);
  page.counter(
      "carillon_log_lines_suppressed_total",
      "Log lines left out by sampling (refusals, closes, dropped events); the next line has their number",
      page.sum([](const auto& shard) -> const Counter& { return shard.lines_suppressed; }) +
          page.node().router().counters().lines_suppressed.get() +
          page.node().bus_counters().lines_suppressed.load());
}

void add_loops(Page& page) {
  MetricFamily& lag =
      page.family("carillon_loop_lag_max_seconds",
                  "Longest turn of a shard's event loop since the last scrape", MetricType::Gauge);
  for (std::size_t i = 0; i < page.node().shard_count(); ++i) {
    const auto nanoseconds = page.node().loop(i).counters().lag_ns_max.exchange(0, std::memory_order_relaxed);
    Page::add(lag, static_cast<double>(nanoseconds) / 1e9, {{"shard", std::to_string(i)}});
  }
}

void add_admin(Page& page, const AdminCounters& admin) {
  page.counter("carillon_admin_requests_total", "Requests that the admin side has handled", admin.requests);
  MetricFamily& refusals =
      page.family("carillon_admin_refusals_total", "Requests that the admin side has refused, by reason",
                  MetricType::Counter);
  Page::add(refusals, static_cast<double>(admin.wrong_keys), {{"reason", "key"}});
  Page::add(refusals, static_cast<double>(admin.malformed), {{"reason", "malformed"}});
  Page::add(refusals, static_cast<double>(admin.timeouts), {{"reason", "timeout"}});
}

void add_reloads(Page& page, const ReloadStatus::Shown& reloads) {
  MetricFamily& family =
      page.family("carillon_reloads_total", "Reloads of the configuration, by result", MetricType::Counter);
  Page::add(family, static_cast<double>(reloads.succeeded), {{"result", "success"}});
  Page::add(family, static_cast<double>(reloads.failed), {{"result", "failure"}});
  const auto seconds_of = [](const std::optional<WallTime>& time) {
    return time ? std::chrono::duration<double>(time->time_since_epoch()).count() : 0.0;
  };
  page.gauge("carillon_reload_success_timestamp_seconds",
             "Unix time of the last reload that succeeded; 0 when there was none",
             seconds_of(reloads.succeeded_at));
  page.gauge("carillon_reload_failure_timestamp_seconds",
             "Unix time of the last reload that failed; 0 when there was none",
             seconds_of(reloads.failed_at));
}

}  // namespace

http::Response metrics_response(Node& node, const ApiCounters& api, std::uint64_t dropped_log_lines) {
  Page page(node);
  page.add(page.family("carillon_build_info", "Version of the running binary, as a label", MetricType::Gauge),
           1, {{"version", CARILLON_VERSION}});
  add_endpoints(page);
  add_declined_compression(page);
  add_accepting(page);
  add_delivery(page);
  add_backlog(page);
  add_reading(page);
  add_bus(page);
  add_bus_checks(page);
  add_refusals(page);
  add_key_sets(page);
  add_memory(page);
  add_publish(page, api.publish);
  add_ingest(page, api.ingest);
  add_loops(page);
  add_log(page, dropped_log_lines);
  add_reloads(page, api.reloads);
  add_admin(page, api.admin);
  MetricFamily& expiries =
      page.family("carillon_certificate_expiry_timestamp_seconds",
                  "Unix time at which the first certificate of a TLS address expires", MetricType::Gauge);
  for (const auto& [listen, time] : api.certificate_expiries) {
    Page::add(expiries, std::chrono::duration<double>(time.time_since_epoch()).count(), {{"listen", listen}});
  }
  http::Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = page.text();
  return response;
}

}  // namespace carillon::api
