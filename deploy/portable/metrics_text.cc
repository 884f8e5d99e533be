// prometheus::TextSerializer for the binary of the tarball: Debian has prometheus-cpp only as a shared
// library, which needs the shared libstdc++, and that one a newer glibc. It writes the families that src/api
// has (counters, gauges, histograms) in the text format of Prometheus, version 0.0.4.
#include <prometheus/text_serializer.h>

#include <array>
#include <charconv>
#include <cmath>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>

namespace prometheus {
namespace {

using Label = ClientMetric::Label;

std::string text_of(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Inf" : "+Inf";
  // As prometheus-cpp writes it: %.16g, so that queries for a bucket (le="0.0001") fit both.
  std::array<char, 32> digits{};  // 16 digits, sign, point, exponent
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::general, 16).ptr;
  return {digits.data(), end};
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\n') {
      result += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') result += '\\';
    result += c;
  }
  return result;
}

// One line: NAME{LABELS} VALUE. `bound` is the label `le` of a bucket, empty for other lines.
void write_line(std::ostream& out, const std::string& name, const std::vector<Label>& labels,
                const std::string& value, const std::string& bound = {}) {
  std::string list;
  for (const Label& label : labels) list += label.name + "=\"" + escaped(label.value) + "\",";
  if (!bound.empty()) list += "le=\"" + bound + "\",";
  if (!list.empty()) list.pop_back();
  out << name;
  if (!list.empty()) out << '{' << list << '}';
  out << ' ' << value << '\n';
}

void write_histogram(std::ostream& out, const std::string& name, const ClientMetric& metric) {
  const ClientMetric::Histogram& histogram = metric.histogram;
  const std::string count = std::to_string(histogram.sample_count);
  write_line(out, name + "_count", metric.label, count);
  write_line(out, name + "_sum", metric.label, text_of(histogram.sample_sum));
  bool has_infinity = false;
  for (const ClientMetric::Bucket& bucket : histogram.bucket) {
    has_infinity = has_infinity || std::isinf(bucket.upper_bound);
    write_line(out, name + "_bucket", metric.label, std::to_string(bucket.cumulative_count),
               text_of(bucket.upper_bound));
  }
  if (!has_infinity) write_line(out, name + "_bucket", metric.label, count, "+Inf");
}

std::string_view type_name(MetricType type) {
  switch (type) {
    case MetricType::Counter:
      return "counter";
    case MetricType::Gauge:
      return "gauge";
    case MetricType::Histogram:
      return "histogram";
    default:
      return "untyped";
  }
}

void write_family(std::ostream& out, const MetricFamily& family) {
  out << "# HELP " << family.name << ' ' << family.help << "\n# TYPE " << family.name << ' '
      << type_name(family.type) << '\n';
  for (const ClientMetric& metric : family.metric) {
    if (family.type == MetricType::Histogram) {
      write_histogram(out, family.name, metric);
    } else {
      const bool is_counter = family.type == MetricType::Counter;
      write_line(out, family.name, metric.label,
                 text_of(is_counter ? metric.counter.value : metric.gauge.value));
    }
  }
}

}  // namespace

// Writes every family in the order that it was given.
void TextSerializer::Serialize(std::ostream& out, const std::vector<MetricFamily>& metrics) const {
  for (const MetricFamily& family : metrics) write_family(out, family);
}

// Returns the page as one text.
std::string Serializer::Serialize(const std::vector<MetricFamily>& metrics) const {
  std::ostringstream page;
  Serialize(page, metrics);
  return page.str();
}

}  // namespace prometheus
