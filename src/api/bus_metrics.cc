// Metrics of the bus, and of the events that arrive from it.
#include <string>
#include <vector>

#include "api/metric_families.h"

namespace carillon::api {
namespace {

using client::Counter;
using prometheus::MetricFamily;
using prometheus::MetricType;

void add_events(Page& page) {
  const client::RouterCounters& router = page.node().router().counters();
  const bus::BusCounters& bus = page.node().bus_counters();
  page.counter("carillon_bus_events_received_total", "Events received from the bus", router.events_in.get());
  MetricFamily& routed =
      page.family("carillon_events_routed_total", "Events routed to an endpoint, one per event and endpoint",
                  MetricType::Counter);
  MetricFamily& dropped =
      page.family("carillon_events_dropped_total",
                  "Events that clients do not receive, by reason; with an endpoint: only its clients do not",
                  MetricType::Counter);
  const auto& endpoints = page.node().endpoints();
  for (std::size_t e = 0; e < endpoints.size(); ++e) {
    if (!endpoints[e].is_primary()) continue;
    const std::string& name = endpoints[e].settings.name;
    const client::RouterCounters::ByEndpoint& counters = router.endpoints[e];
    Page::add(routed, static_cast<double>(counters.routed.get()), {{"endpoint", name}});
    Page::add(dropped, static_cast<double>(counters.dropped_unfit.get()),
              {{"endpoint", name}, {"reason", "requirement_failed"}});
    Page::add(dropped, static_cast<double>(counters.dropped_unselected.get()),
              {{"endpoint", name}, {"reason", "not_selectable"}});
  }
  Page::add(dropped, static_cast<double>(router.dropped_invalid_json.get()),
            {{"endpoint", ""}, {"reason", "invalid_json"}});
  Page::add(dropped, static_cast<double>(router.dropped_no_endpoint.get()),
            {{"endpoint", ""}, {"reason", "no_endpoint"}});
  Page::add(dropped, static_cast<double>(router.dropped_reserved.get()),
            {{"endpoint", ""}, {"reason", "reserved_channel"}});
  Page::add(dropped, static_cast<double>(bus.oversize_dropped.load()),
            {{"endpoint", ""}, {"reason", "body_too_large"}});
  Page::add(dropped, static_cast<double>(router.dropped_too_large.get()),
            {{"endpoint", ""}, {"reason", "frame_too_large"}});
  Page::add(dropped, static_cast<double>(router.dropped_no_memory.get()),
            {{"endpoint", ""}, {"reason", "no_memory"}});
}

void add_bus(Page& page) {
  const client::RouterCounters& router = page.node().router().counters();
  const bus::BusCounters& bus = page.node().bus_counters();
  page.gauge("carillon_bus_up", "1 while the bus is connected, subscribed and answering probes",
             page.node().router().bus_status().is_up() ? 1 : 0);
  page.histogram("carillon_bus_round_trip_seconds",
                 "Time from publishing a probe to its arrival through the broker", {&bus.round_trips});
  page.counter("carillon_bus_gaps_total", "Interruptions of the bus in which events may have been lost",
               router.bus_gaps.get());
  page.counter("carillon_bus_connects_total",
               "Times that the subscribing connection to the broker became ready", bus.connects.load());
  page.counter("carillon_bus_disconnects_total", "Times that a ready subscribing connection was lost",
               bus.disconnects.load());
  page.counter("carillon_bus_received_bytes_total", "Bytes of event bodies received from the bus",
               bus.bytes_in.load());
  page.counter("carillon_bus_events_published_total", "Events of this gateway that the bus acknowledged",
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
  MetricFamily& checks = page.family(
      "carillon_bus_address_checks_total",
      "Checks over a new connection that the broker's address still leads to the same server, by result",
      MetricType::Counter);
  Page::add(checks, static_cast<double>(bus.address_checks.load()), {{"result", "answered"}});
  Page::add(checks, static_cast<double>(bus.address_checks_missed.load()), {{"result", "missed"}});
  MetricFamily& failovers = page.family("carillon_bus_failovers_total",
                                        "Failovers of the broker that a check found: another server at its "
                                        "address, or a master that became a replica",
                                        MetricType::Counter);
  Page::add(failovers, static_cast<double>(bus.failovers_to_other.load()), {{"reason", "other_server"}});
  Page::add(failovers, static_cast<double>(bus.failovers_demoted.load()), {{"reason", "replica"}});
}

// What clients are told of missed events and of the bus.
void add_notices(Page& page) {
  using client::ShardCounters;
  MetricFamily& gaps =
      page.family("carillon_gap_frames_total",
                  "Gap frames (frames.gap) sent to connections that were too slow, or after a gap of the bus",
                  MetricType::Counter);
  Page::add(gaps, static_cast<double>(page.sum(&ShardCounters::gap_frames_slow)), {{"reason", "slow"}});
  Page::add(gaps, static_cast<double>(page.sum(&ShardCounters::gap_frames_bus)), {{"reason", "bus"}});
  page.gauge(
      "carillon_gap_frames_pending",
      "Connections that have not been sent the frame for a gap of the bus yet, because they take no bytes",
      static_cast<double>(page.sum(&ShardCounters::gap_frames_owed)));
  MetricFamily& status = page.family(
      "carillon_bus_status_frames_total",
      "Frames that report the state of the bus to a connection (frames.degraded, frames.restored)",
      MetricType::Counter);
  Page::add(status, static_cast<double>(page.sum(&ShardCounters::degraded_frames)), {{"status", "degraded"}});
  Page::add(status, static_cast<double>(page.sum(&ShardCounters::restored_frames)), {{"status", "restored"}});
}

}  // namespace

void add_bus_metrics(Page& page) {
  add_events(page);
  add_bus(page);
  add_bus_checks(page);
  add_notices(page);
}

}  // namespace carillon::api
