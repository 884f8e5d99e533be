#include "loadgen/report.h"

#include <array>
#include <cstdio>
#include <utility>

#include "json/writer.h"

namespace carillon::loadgen {
namespace {

double per(std::uint64_t sum, std::uint64_t count) {
  return count == 0 ? 0 : static_cast<double>(sum) / static_cast<double>(count);
}

double per_second(std::uint64_t count, double time_s) {
  return time_s > 0 ? static_cast<double>(count) / time_s : 0;
}

double server_cpu_us(const Report& report) {
  return per(report.server->end.cpu_ns - report.server->connected.cpu_ns, report.deliveries) / 1000;
}

double server_bytes_a_connection(const Report& report) {
  const auto grown = static_cast<double>(report.server->connected.rss_bytes) -
                     static_cast<double>(report.server->before.rss_bytes);
  return report.counters.connected == 0 ? 0 : grown / static_cast<double>(report.counters.connected);
}

std::uint64_t lost_of(const Report& report) { return report.time_up ? 0 : report.tally.lost; }

std::uint64_t undelivered_of(const Report& report) { return report.time_up ? report.tally.lost : 0; }

constexpr std::array<std::pair<const char*, double>, 4> kPercentiles{
    {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p999", 99.9}}};

void add_times(json::ObjectWriter& object, std::string_view name, const Histogram& times) {
  auto member = object.object(name);
  for (const auto& [percentile, percent] : kPercentiles)
    member.member(percentile, times.percentile_us(percent));
  member.member("max", times.max_us()).member("mean", times.mean_us()).member("count", times.count());
}

template <class... Values>
void add_row(std::string& out, const char* name, const char* format, Values... values) {
  std::array<char, 256> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  std::array<char, 320> line{};
  std::snprintf(line.data(), line.size(), "%-24s %s\n", name, text.data());
  out += line.data();
}

void add_time_row(std::string& out, const char* name, const Histogram& times) {
  const auto ms = [&](double percent) { return static_cast<double>(times.percentile_us(percent)) / 1000; };
  add_row(out, name, "p50 %.3f ms, p99 %.3f ms, p99.9 %.3f ms, max %.3f ms", ms(50), ms(99), ms(99.9),
          static_cast<double>(times.max_us()) / 1000);
}

using Count = unsigned long long;

}  // namespace

bool Report::good() const {
  const bool all_connected = counters.refused == 0 && counters.lost == 0;
  const bool all_heard = tally.lost == 0 && tally.surplus == 0 && counters.out_of_order == 0;
  return all_connected && all_heard && publish_refused == 0 && publish_unacknowledged == 0;
}

std::string json_of(const Report& report) {
  std::string out;
  json::ObjectWriter object(out);
  const PoolCounters& counters = report.counters;
  object.member("clients", report.clients).member("connected", counters.connected);
  object.member("refused", counters.refused).member("dropped", counters.lost);
  object.member("stalled", counters.stalled).member("stalled_dropped", counters.stalled_lost);
  if (!report.first_refusal.empty()) object.member("first_refusal", report.first_refusal);
  object.member("connect_s", report.connect_s);
  object.member("connects_per_s", per_second(report.handshakes.count(), report.connect_s));
  add_times(object, "handshake_us", report.handshakes);
  object.member("published", report.published).member("publish_refused", report.publish_refused);
  if (!report.publish_refusal.empty()) object.member("publish_refusal", report.publish_refusal);
  object.member("publish_unacknowledged", report.publish_unacknowledged);
  object.member("measured_s", report.measured_s).member("deliveries", report.deliveries);
  object.member("expected", report.tally.expected).member("lost", lost_of(report));
  object.member("undelivered", undelivered_of(report));
  object.member("surplus", report.tally.surplus);
  object.member("checked", counters.checked).member("out_of_order", counters.out_of_order);
  object.member("deliveries_per_s", per_second(report.deliveries, report.measured_s));
  add_times(object, "latency_us", report.latency);
  object.member("client_cpu_us_a_delivery", per(report.own_cpu_ns, report.deliveries) / 1000);
  object.member("deliveries_a_read", per(report.deliveries, counters.reads));
  if (report.server) {
    auto server = object.object("server");
    server.member("cpu_us_a_delivery", server_cpu_us(report));
    server.member("rss_before", report.server->before.rss_bytes);
    server.member("rss_connected", report.server->connected.rss_bytes);
    server.member("rss_end", report.server->end.rss_bytes);
    server.member("bytes_a_connection", server_bytes_a_connection(report));
  }
  object.close();
  return out;
}

std::string table_of(const Report& report) {
  std::string out;
  const PoolCounters& counters = report.counters;
  add_row(out, "connected", "%llu of %u, %llu refused, %llu dropped", Count{counters.connected},
          report.clients, Count{counters.refused}, Count{counters.lost});
  if (!report.first_refusal.empty()) add_row(out, "first refusal", "%s", report.first_refusal.c_str());
  if (counters.stalled + counters.stalled_lost > 0) {
    add_row(out, "never reading", "%llu connected, %llu dropped by the server", Count{counters.stalled},
            Count{counters.stalled_lost});
  }
  add_row(out, "connects", "%.0f/s", per_second(report.handshakes.count(), report.connect_s));
  add_time_row(out, "handshake", report.handshakes);
  if (report.published + report.publish_refused > 0) {
    add_row(out, "published", "%llu events, %llu refused, %llu unacknowledged", Count{report.published},
            Count{report.publish_refused}, Count{report.publish_unacknowledged});
    if (!report.publish_refusal.empty()) add_row(out, "refusal", "%s", report.publish_refusal.c_str());
    add_row(out, "delivered", "%llu of %llu, %llu lost, %llu surplus, %llu of %llu checked out of order",
            Count{report.deliveries}, Count{report.tally.expected}, Count{lost_of(report)},
            Count{report.tally.surplus}, Count{counters.out_of_order}, Count{counters.checked});
    if (report.time_up)
      add_row(out, "not yet delivered", "%llu when the time was up", Count{undelivered_of(report)});
    add_row(out, "deliveries", "%.0f/s over %.2f s", per_second(report.deliveries, report.measured_s),
            report.measured_s);
    add_time_row(out, "latency", report.latency);
  } else {
    add_row(out, "received", "%llu events over %.2f s", Count{report.deliveries}, report.measured_s);
  }
  if (report.deliveries > 0)
    add_row(out, "CPU of the clients", "%.3f us per delivery",
            per(report.own_cpu_ns, report.deliveries) / 1000);
  if (report.server) {
    if (report.deliveries > 0)
      add_row(out, "CPU of the server", "%.3f us per delivery", server_cpu_us(report));
    add_row(out, "memory of the server", "%.0f B per connection, %.1f MiB at the end",
            server_bytes_a_connection(report),
            static_cast<double>(report.server->end.rss_bytes) / (1024 * 1024));
  }
  return out;
}

}  // namespace carillon::loadgen
