// Metrics of the process: its build, resources, limits and loops.
#include <string>
#include <vector>

#include "api/metric_families.h"
#include "base/process_usage.h"

namespace carillon::api {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

void add_memory(Page& page) {
  const client::MemoryPressure& memory = page.node().memory();
  page.gauge("carillon_memory_used_bytes",
             "Memory in use, as compared with carillon_memory_limit_bytes: of the process, or of its cgroup",
             static_cast<double>(memory.used_bytes()));
  page.gauge(
      "carillon_memory_limit_bytes",
      "Memory limit: server.memory_limit, or the RAM or the cgroup's limit, whichever is reached first",
      static_cast<double>(memory.limit_bytes()));
  page.gauge(
      "carillon_memory_level",
      "Memory pressure: 0 normal; 1 new clients are refused (from 85 % of the limit); 2 the clients furthest "
      "behind are closed as well (from 95 %)",
      static_cast<double>(memory.level()));
  page.counter("carillon_memory_reserve_uses_total",
               "Allocations that failed and were served from the reserved memory", memory.reserve_uses());
  const client::BodyBudget& bodies = page.node().admission().bodies();
  page.gauge("carillon_request_body_bytes", "Memory of the bodies of requests that are not answered yet",
             static_cast<double>(bodies.bytes()));
  page.gauge("carillon_request_body_limit_bytes", "Limit of carillon_request_body_bytes",
             static_cast<double>(bodies.bytes_max()));
}

void add_loops(Page& page) {
  MetricFamily& lag = page.family(
      "carillon_loop_lag_max_seconds",
      "Longest turn of a shard's event loop since the last GET /metrics of any client", MetricType::Gauge);
  for (std::size_t i = 0; i < page.node().shard_count(); ++i) {
    const auto nanoseconds = page.node().loop(i).counters().lag_ns_max.exchange(0, std::memory_order_relaxed);
    Page::add(lag, static_cast<double>(nanoseconds) / 1e9, {{"shard", std::to_string(i)}});
  }
  MetricFamily& turns = page.family("carillon_loop_turn_seconds",
                                    "Length of the turns of a shard's event loop", MetricType::Histogram);
  for (std::size_t i = 0; i < page.node().shard_count(); ++i) {
    Page::add_histogram(turns, {&page.node().loop(i).counters().turn_lengths},
                        {{"shard", std::to_string(i)}});
  }
}

void add_usage(Page& page) {
  const ProcessUsage usage = read_process_usage();
  MetricFamily& cpu = page.family("process_cpu_seconds_total", "User and system CPU time of the process",
                                  MetricType::Counter);
  Page::add(cpu, usage.cpu_seconds);
  page.gauge("process_start_time_seconds", "Unix time at which the process started", usage.start_time_s);
  page.gauge("process_resident_memory_bytes", "Resident memory of the process",
             static_cast<double>(usage.resident_bytes));
  page.gauge("process_virtual_memory_bytes", "Virtual memory of the process",
             static_cast<double>(usage.virtual_bytes));
  page.gauge("process_threads", "Threads of the process", static_cast<double>(usage.threads));
  if (usage.open_descriptors) {
    page.gauge(
        "process_open_fds",
        "Open file descriptors; with server.descriptors = \"per_shard\" those of one shard. Absent above "
        "10,000 on a kernel before Linux 6.2",
        static_cast<double>(*usage.open_descriptors));
  }
  page.gauge("process_max_fds", "Limit of process_open_fds", static_cast<double>(usage.descriptors_max));
}

void add_build(Page& page) {
  Page::add(page.family("carillon_build_info", "Always 1; the label version is that of the running binary",
                        MetricType::Gauge),
            1, {{"version", CARILLON_VERSION}});
}

}  // namespace

void add_process_metrics(Page& page) {
  add_build(page);
  add_usage(page);
  add_memory(page);
  add_loops(page);
}

}  // namespace carillon::api
