#include "api/metrics_page.h"

#include <limits>

namespace carillon::api {

// The count is made of the buckets, so that a value that is added meanwhile cannot make the two differ.
void Page::add_histogram(prometheus::MetricFamily& family, const std::vector<const Histogram*>& parts,
                         std::vector<prometheus::ClientMetric::Label> labels, double unit) {
  prometheus::ClientMetric metric;
  metric.label = std::move(labels);
  const auto bounds = parts.front()->bounds();
  std::uint64_t count = 0;
  for (std::size_t i = 0; i <= bounds.size(); ++i) {
    for (const Histogram* part : parts) count += part->count(i);
    const double bound =
        i < bounds.size() ? static_cast<double>(bounds[i]) / unit : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({count, bound});
  }
  double sum = 0;
  for (const Histogram* part : parts) sum += static_cast<double>(part->sum());
  metric.histogram.sample_count = count;
  metric.histogram.sample_sum = sum / unit;
  family.metric.push_back(std::move(metric));
}

}  // namespace carillon::api
