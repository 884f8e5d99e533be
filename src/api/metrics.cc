#include "api/metrics.h"

#include <string>
#include <vector>

#include "api/metric_families.h"

namespace carillon::api {
namespace {

using gateway::Node;
using prometheus::MetricFamily;
using prometheus::MetricType;

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
  page.histogram("carillon_publish_latency_seconds",
                 "Time from a complete request to the bus's acknowledgement of all of its events",
                 {&publish.latency});
  MetricFamily& refusals = page.family("carillon_publish_refusals_total",
                                       "Requests to the publish API refused, by reason", MetricType::Counter);
  for (std::size_t r = 0; r < publish.refused.size(); ++r) {
    Page::add(refusals, static_cast<double>(publish.refused[r].load(std::memory_order_relaxed)),
              {{"reason", std::string(name_of(static_cast<PublishRefusal>(r)))}});
  }
}

void add_channel_history(Page& page, const ChannelHistoryCounters& history) {
  page.counter("carillon_channel_history_answers_total", "Requests to the history API answered with events",
               history.answered.load(std::memory_order_relaxed));
  MetricFamily& refusals = page.family("carillon_channel_history_refusals_total",
                                       "Requests to the history API refused, by reason", MetricType::Counter);
  for (std::size_t r = 0; r < history.refused.size(); ++r) {
    Page::add(refusals, static_cast<double>(history.refused[r].load(std::memory_order_relaxed)),
              {{"reason", std::string(name_of(static_cast<ChannelHistoryRefusal>(r)))}});
  }
}

void add_key_sets(Page& page) {
  const auth::KeyStore::Slots slots = page.node().key_sets().slots();
  MetricFamily& fetches = page.family(
      "carillon_key_set_fetches_total",
      "Fetches of key sets, by the name in [keys.*] and outcome; changed and unchanged are successes",
      MetricType::Counter);
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
  gauge("carillon_key_set_keys", "Keys of a key set that are in use, by the name in [keys.*]",
        &auth::KeySetStatus::keys);
  gauge("carillon_key_set_fetched_timestamp_seconds",
        "Unix time of the last fetch of the keys in use, by the name in [keys.*]; 0: none are in use",
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

void add_certificates(Page& page, const std::vector<std::pair<std::string, WallTime>>& expiries) {
  MetricFamily& family = page.family(
      "carillon_certificate_expiry_timestamp_seconds",
      "Unix time at which the first of the certificates of a TLS address expires", MetricType::Gauge);
  for (const auto& [listen, time] : expiries) {
    Page::add(family, std::chrono::duration<double>(time.time_since_epoch()).count(), {{"listen", listen}});
  }
}

}  // namespace

LimitsShown limits_shown(const config::Settings& settings) {
  LimitsShown limits{settings.server.connections_max, {}};
  for (const config::EndpointSettings& endpoint : settings.endpoints) {
    if (const auto most = endpoint.limits.connections.value)
      limits.endpoints.emplace_back(endpoint.name, *most);
  }
  return limits;
}

http::Response metrics_response(Node& node, const ApiCounters& api, std::uint64_t dropped_log_lines) {
  Page page(node);
  add_process_metrics(page);
  add_client_metrics(page, api.limits);
  add_bus_metrics(page);
  add_history_metrics(page);
  add_key_sets(page);
  add_publish(page, api.publish);
  add_channel_history(page, api.channel_history);
  add_ingest(page, api.ingest);
  add_log(page, dropped_log_lines);
  add_reloads(page, api.reloads);
  add_admin(page, api.admin);
  add_certificates(page, api.certificate_expiries);
  http::Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = page.text();
  return response;
}

}  // namespace carillon::api
