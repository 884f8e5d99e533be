#include "api/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <functional>
#include <string>
#include <vector>

namespace carillon::api {
namespace {

using client::Counter;
using gateway::Gateway;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

class Page {
 public:
  explicit Page(Gateway& gateway) : gateway_(gateway) {}

  MetricFamily& family(std::string name, std::string help, MetricType type) {
    families_.push_back({std::move(name), std::move(help), type, {}});
    return families_.back();
  }

  static void add(MetricFamily& family, double value, std::vector<ClientMetric::Label> labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    if (family.type == MetricType::Counter) metric.counter.value = value;
    if (family.type == MetricType::Gauge) metric.gauge.value = value;
    family.metric.push_back(std::move(metric));
  }

  void counter(std::string name, std::string help, std::uint64_t value) {
    add(family(std::move(name), std::move(help), MetricType::Counter), static_cast<double>(value));
  }
  void gauge(std::string name, std::string help, double value) {
    add(family(std::move(name), std::move(help), MetricType::Gauge), value);
  }

  // The sum of one counter over the shards.
  std::uint64_t sum(const std::function<const Counter&(const client::ShardCounters&)>& pick) const {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < gateway_.shard_count(); ++i) total += pick(gateway_.shard_counters(i)).get();
    return total;
  }

  Gateway& gateway() { return gateway_; }
  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  Gateway& gateway_;
  std::vector<MetricFamily> families_;
};

void add_endpoints(Page& page) {
  const auto& endpoints = page.gateway().endpoints();
  const auto by_endpoint = [&](const char* name, const char* help, MetricType type,
                               const Counter client::EndpointCounters::*counter) {
    MetricFamily& family = page.family(name, help, type);
    for (std::size_t e = 0; e < endpoints.size(); ++e) {
      const auto total =
          page.sum([&](const auto& shard) -> const Counter& { return shard.endpoints[e].*counter; });
      Page::add(family, static_cast<double>(total), {{"endpoint", endpoints[e].settings.name}});
    }
  };
  by_endpoint("carillon_connections", "WebSocket connections now open", MetricType::Gauge,
              &client::EndpointCounters::connections);
  by_endpoint("carillon_connections_accepted_total", "Upgrades answered with 101", MetricType::Counter,
              &client::EndpointCounters::accepted);

  MetricFamily& closes =
      page.family("carillon_closes_total", "WebSocket connections ended, by why", MetricType::Counter);
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
  const auto& endpoints = page.gateway().endpoints();
  MetricFamily& family = page.family("carillon_deflate_declined_total",
                                     "Offers of compression that were declined, by why", MetricType::Counter);
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
  MetricFamily& refusals =
      page.family("carillon_refusals_total", "Requests refused, by why", MetricType::Counter);
  for (std::size_t r = 0; r < static_cast<std::size_t>(client::RefusalReason::count); ++r) {
    const auto reason = static_cast<client::RefusalReason>(r);
    const auto total = page.sum([&](const auto& shard) -> const Counter& { return shard.refusals[reason]; });
    Page::add(refusals, static_cast<double>(total), {{"reason", std::string(name_of(reason))}});
  }
  page.counter("carillon_admission_table_full_total",
               "Upgrades refused as accept_rate because no further address could be remembered",
               page.gateway().admission().table_full_refusals());
  page.counter("carillon_commands_reserved_total", "Commands refused: they ask for a channel under carillon.",
               page.sum([](const auto& shard) -> const Counter& { return shard.commands_reserved; }));
  page.counter("carillon_subprotocol_mismatches_total",
               "Upgrades whose client offered none of the endpoint's subprotocols",
               page.sum([](const auto& shard) -> const Counter& { return shard.subprotocol_mismatches; }));
  const client::KeyGuesses& guesses = page.gateway().admission().key_guesses();
  page.counter("carillon_wrong_keys_total", "API keys that were looked at and are wrong",
               guesses.wrong_keys());
  page.counter("carillon_wrong_keys_refusals_total",
               "Requests answered 429 for their address had sent too many wrong API keys",
               guesses.refusals());
  page.counter("carillon_forwarded_malformed_total",
               "Requests of trusted proxies whose header names no client; the proxy itself counted",
               page.sum([](const auto& shard) -> const Counter& { return shard.forwarded_malformed; }));
}

void add_bus(Page& page) {
  const client::RouterCounters& router = page.gateway().router().counters();
  const bus::BusCounters& bus = page.gateway().bus_counters();
  page.counter("carillon_events_in_total", "Events heard from the bus", router.events_in.get());
  page.counter("carillon_events_routed_total", "Frames made of them, one an endpoint",
               router.events_routed.get());
  MetricFamily& dropped =
      page.family("carillon_events_dropped_total", "Events that went nowhere, by why", MetricType::Counter);
  Page::add(dropped, static_cast<double>(router.dropped_invalid_json.get()), {{"reason", "invalid_json"}});
  Page::add(dropped, static_cast<double>(router.dropped_unfit.get()), {{"reason", "unfit"}});
  Page::add(dropped, static_cast<double>(router.dropped_unselected.get()), {{"reason", "unselected"}});
  Page::add(dropped, static_cast<double>(router.dropped_no_endpoint.get()), {{"reason", "no_endpoint"}});
  Page::add(dropped, static_cast<double>(router.dropped_reserved.get()), {{"reason", "reserved_channel"}});
  Page::add(dropped, static_cast<double>(bus.oversize_dropped.load()), {{"reason", "oversize"}});
  Page::add(dropped, static_cast<double>(router.dropped_too_large.get()), {{"reason", "frame_too_large"}});
  Page::add(dropped, static_cast<double>(router.dropped_no_memory.get()), {{"reason", "no_memory"}});
  page.gauge("carillon_bus_up", "1 while the bus is connected, subscribed and heard",
             page.gateway().router().bus_is_up() ? 1 : 0);
  page.counter("carillon_bus_gaps_total", "Times that events may have been lost on the bus",
               router.bus_gaps.get());
  page.counter("carillon_bus_connects_total", "Connections made to the broker", bus.connects.load());
  page.counter("carillon_bus_disconnects_total", "Connections to the broker lost", bus.disconnects.load());
  page.counter("carillon_bus_probes_missed_total", "Probes that did not come back in time",
               bus.probes_missed.load());
  MetricFamily& checks =
      page.family("carillon_bus_address_checks_total",
                  "Connections made to the broker's configured address to see who answers there, by result",
                  MetricType::Counter);
  Page::add(checks, static_cast<double>(bus.address_checks.load()), {{"result", "answered"}});
  Page::add(checks, static_cast<double>(bus.address_checks_missed.load()), {{"result", "missed"}});
  MetricFamily& failovers = page.family(
      "carillon_bus_failovers_total", "Times that the broker was found to be another or a replica, by which",
      MetricType::Counter);
  Page::add(failovers, static_cast<double>(bus.failovers_to_other.load()), {{"reason", "other_server"}});
  Page::add(failovers, static_cast<double>(bus.failovers_demoted.load()), {{"reason", "replica"}});
  page.counter("carillon_bus_bytes_in_total", "Bytes of event bodies heard", bus.bytes_in.load());
  page.counter("carillon_published_total", "Events published through the API", bus.published.load());
  page.counter("carillon_publish_failures_total", "Events that the bus did not take",
               bus.publish_failures.load());
}

void add_backlog(Page& page) {
  using Shard = client::ShardCounters;
  MetricFamily& slow =
      page.family("carillon_slow_consumers_total", "Connections found slow, by the rule that they broke",
                  MetricType::Counter);
  const auto add = [&](const char* rule, client::Counter Shard::*counter) {
    const auto total =
        page.sum([counter](const Shard& shard) -> const client::Counter& { return shard.*counter; });
    Page::add(slow, static_cast<double>(total), {{"rule", rule}});
  };
  add("bytes", &Shard::slow_by_bytes);
  add("age", &Shard::slow_by_age);
  add("memory", &Shard::slow_by_memory);
  page.counter("carillon_late_total",
               "Checks that found a connection over a limit of lag because its shard was overloaded",
               page.sum([](const Shard& shard) -> const Counter& { return shard.late; }));
  const fanout::FrameMemory& memory = page.gateway().frame_memory();
  page.gauge("carillon_backlog_bytes", "Memory of all events that some connection has yet to be sent",
             static_cast<double>(memory.bytes()));
  page.gauge("carillon_backlog_bytes_max", "server.backlog_bytes_max",
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
  counter("carillon_accepts_total", "Connections accepted", &Shard::accepts);
  counter("carillon_accept_pauses_total", "Times that accepting paused after an error",
          &Shard::accept_pauses);
  counter("carillon_accepts_essential_total",
          "Connections accepted on a spare descriptor, which may only ask for /health, /ready and /metrics",
          &Shard::essential_accepts);
  counter("carillon_http_idle_closed_total", "Idle HTTP connections closed to make room for others",
          &Shard::http_idle_closed);
  counter("carillon_tls_handshakes_total", "TLS handshakes done", &Shard::tls_handshakes);
  counter("carillon_tls_resumptions_total", "TLS handshakes done by a ticket", &Shard::tls_resumptions);
  gauge("carillon_sockets", "Client sockets now open, HTTP included", &Shard::sockets);
  gauge("carillon_http_connections", "Client sockets now open that speak HTTP", &Shard::http_connections);
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
  counter("carillon_deliveries_total", "Events given to the kernel, one a subscriber", &Shard::deliveries);
  counter("carillon_writes_total", "Gathered writes; deliveries over writes is the coalescing ratio",
          &Shard::writes);
  counter("carillon_delivered_bytes_total", "Bytes written to clients", &Shard::bytes_out);
  counter("carillon_errors_told_total", "Error frames to clients", &Shard::errors_told);
  counter("carillon_replies_dropped_total", "Replies beyond what may wait for a client's full outbox",
          &Shard::replies_dropped);
  counter("carillon_http_requests_total", "Requests that were not for an endpoint", &Shard::http_requests);
  counter("carillon_overruns_total", "Events that a healthy client lost through us", &Shard::overruns);
  counter("carillon_missed_batches_total", "Batches that a full inbox refused", &Shard::missed_batches);
  gauge("carillon_channels", "Channels that somebody subscribes to, one a shard", &Shard::channels);
  gauge("carillon_selections", "Distinct selections with a log of their own, one a shard",
        &Shard::selections);
  gauge("carillon_mixed_connections", "Connections beyond select.sets_max, which share a log", &Shard::mixed);
  gauge("carillon_blocked_connections", "Connections that cannot take bytes now", &Shard::blocked);
  gauge("carillon_log_retained_bytes", "Bytes of events that some connection still needs, one a shard",
        &Shard::retained_bytes);
}

void add_memory(Page& page) {
  const client::MemoryPressure& memory = page.gateway().memory();
  page.gauge("carillon_memory_used_bytes", "Memory in use, of what is limited to carillon_memory_limit_bytes",
             static_cast<double>(memory.used_bytes()));
  page.gauge("carillon_memory_limit_bytes", "RAM, the cgroup's limit, or server.memory_limit",
             static_cast<double>(memory.limit_bytes()));
  page.gauge("carillon_memory_level", "0 normal, 1 refusing new clients, 2 closing those furthest behind",
             static_cast<double>(memory.level()));
  page.counter("carillon_memory_reserve_used_total",
               "Times that an allocation failed and the memory set aside for that was used",
               memory.reserve_uses());
  page.gauge("carillon_request_bodies_bytes", "Memory held by bodies of requests that are not answered yet",
             static_cast<double>(page.gateway().admission().bodies().bytes()));
}

void add_reading(Page& page) {
  using Shard = client::ShardCounters;
  const auto counter = [&](const char* name, const char* help, const Counter Shard::*which) {
    page.counter(name, help, page.sum([&](const Shard& shard) -> const Counter& { return shard.*which; }));
  };
  counter("carillon_received_bytes_total", "Bytes read from clients", &Shard::bytes_in);
  counter("carillon_messages_in_total", "Data messages of clients", &Shard::messages_in);
  counter("carillon_commands_total", "Commands of clients, understood or not", &Shard::commands);
  counter("carillon_control_frames_in_total", "Pings and pongs of clients", &Shard::control_frames_in);
  counter("carillon_pings_passed_over_total", "Pings that were answered by the pong to a newer one",
          &Shard::pings_passed_over);
  counter("carillon_read_slices_used_up_total",
          "Loop turns whose time for reading ended before every client had been read",
          &Shard::read_slices_used_up);
}

void add_ingest(Page& page, const IngestCounters& ingest) {
  page.counter("carillon_ingest_accepted_total", "Requests of ingest routes that became an event",
               ingest.accepted.load(std::memory_order_relaxed));
  MetricFamily& refusals = page.family("carillon_ingest_refusals_total",
                                       "Requests of ingest routes refused, by why", MetricType::Counter);
  for (std::size_t r = 0; r < ingest.refused.size(); ++r) {
    Page::add(refusals, static_cast<double>(ingest.refused[r].load(std::memory_order_relaxed)),
              {{"reason", std::string(name_of(static_cast<IngestRefusal>(r)))}});
  }
}

void add_publish(Page& page, const PublishCounters& publish) {
  page.counter("carillon_publish_unrouted_total",
               "Events accepted over HTTP for channels that no endpoint here carries",
               publish.unrouted.load(std::memory_order_relaxed));
  MetricFamily& refusals = page.family("carillon_publish_refusals_total",
                                       "Requests of the publish API refused, by why", MetricType::Counter);
  for (std::size_t r = 0; r < publish.refused.size(); ++r) {
    Page::add(refusals, static_cast<double>(publish.refused[r].load(std::memory_order_relaxed)),
              {{"reason", std::string(name_of(static_cast<PublishRefusal>(r)))}});
  }
}

void add_log(Page& page, std::uint64_t dropped_log_lines) {
  page.counter("carillon_log_lines_dropped_total", "Log lines that found the queue full or nobody reading",
               dropped_log_lines);
  page.counter(
      "carillon_log_lines_suppressed_total",
      "Refusals, closes and dropped events that got no log line of their own; the next line says how many",
      page.sum([](const auto& shard) -> const Counter& { return shard.lines_suppressed; }) +
          page.gateway().router().counters().lines_suppressed.get() +
          page.gateway().bus_counters().lines_suppressed.load());
}

void add_loops(Page& page) {
  MetricFamily& lag = page.family("carillon_loop_lag_seconds_max",
                                  "Longest turn of a shard's loop since the last scrape", MetricType::Gauge);
  for (std::size_t i = 0; i < page.gateway().shard_count(); ++i) {
    const auto nanoseconds =
        page.gateway().loop_counters(i).lag_ns_max.exchange(0, std::memory_order_relaxed);
    Page::add(lag, static_cast<double>(nanoseconds) / 1e9, {{"shard", std::to_string(i)}});
  }
}

}  // namespace

http::Response metrics_response(Gateway& gateway, const ApiCounters& api, std::uint64_t dropped_log_lines) {
  Page page(gateway);
  page.add(page.family("carillon_info", "The version that runs", MetricType::Gauge), 1,
           {{"version", CARILLON_VERSION}});
  add_endpoints(page);
  add_declined_compression(page);
  add_accepting(page);
  add_delivery(page);
  add_backlog(page);
  add_reading(page);
  add_bus(page);
  add_refusals(page);
  add_memory(page);
  add_publish(page, api.publish);
  add_ingest(page, api.ingest);
  add_loops(page);
  add_log(page, dropped_log_lines);
  http::Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = page.text();
  return response;
}

}  // namespace carillon::api
