// Page: the families of metrics of one GET /metrics, while they are being collected.
//
// Thread: one.
#pragma once

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/histogram.h"
#include "gateway/node.h"

namespace carillon::api {

class Page {
 public:
  explicit Page(gateway::Node& node) : node_(node) {}

  prometheus::MetricFamily& family(std::string name, std::string help, prometheus::MetricType type) {
    families_.push_back({std::move(name), std::move(help), type, {}});
    return families_.back();
  }

  static void add(prometheus::MetricFamily& family, double value,
                  std::vector<prometheus::ClientMetric::Label> labels = {}) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    if (family.type == prometheus::MetricType::Counter) metric.counter.value = value;
    if (family.type == prometheus::MetricType::Gauge) metric.gauge.value = value;
    family.metric.push_back(std::move(metric));
  }

  void counter(std::string name, std::string help, std::uint64_t value) {
    add(family(std::move(name), std::move(help), prometheus::MetricType::Counter),
        static_cast<double>(value));
  }
  void gauge(std::string name, std::string help, double value) {
    add(family(std::move(name), std::move(help), prometheus::MetricType::Gauge), value);
  }

  // The same for the sum of one counter over the shards.
  void counter(std::string name, std::string help, const Counter client::ShardCounters::*which) {
    counter(std::move(name), std::move(help), sum(which));
  }
  void gauge(std::string name, std::string help, const Counter client::ShardCounters::*which) {
    gauge(std::move(name), std::move(help), static_cast<double>(sum(which)));
  }

  // Adds one series to a family: the sum of these histograms, which have the same bounds. `unit`: how many of
  // the histogram's units make one of the metric's, such as nanoseconds per second.
  static void add_histogram(prometheus::MetricFamily& family, const std::vector<const Histogram*>& parts,
                            std::vector<prometheus::ClientMetric::Label> labels = {}, double unit = kNsPerS);
  static constexpr double kNsPerS = 1e9;
  void histogram(std::string name, std::string help, const std::vector<const Histogram*>& parts,
                 double unit = kNsPerS) {
    add_histogram(family(std::move(name), std::move(help), prometheus::MetricType::Histogram), parts, {},
                  unit);
  }
  // The same histogram of every shard.
  std::vector<const Histogram*> of_shards(const Histogram client::ShardCounters::*which) const {
    std::vector<const Histogram*> all;
    for (std::size_t i = 0; i < node_.shard_count(); ++i) all.push_back(&(node_.shard_counters(i).*which));
    return all;
  }

  // The sum of one counter over the shards.
  std::uint64_t sum(const std::function<const client::Counter&(const client::ShardCounters&)>& pick) const {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < node_.shard_count(); ++i) total += pick(node_.shard_counters(i)).get();
    return total;
  }

  std::uint64_t sum(const Counter client::ShardCounters::*which) const {
    return sum([which](const client::ShardCounters& shard) -> const Counter& { return shard.*which; });
  }

  gateway::Node& node() { return node_; }
  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  gateway::Node& node_;
  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace carillon::api
