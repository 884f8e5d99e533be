#include "config/proxy_kinds.h"

namespace carillon::config {

std::string IpRangesKind::type() const {
  return cat({"array of address ranges (CIDR), at most ", std::to_string(kTrustedProxiesMax)});
}

std::string IpRangesKind::show(const std::vector<IpRange>& field) const {
  std::vector<std::string> texts;
  for (const IpRange& range : field) texts.push_back(range.text());
  return toml_list(texts);
}

void IpRangesKind::read(const Place& place, Reading& reading, std::vector<IpRange>& field) const {
  if (place.node.kind != Node::Kind::array) {
    wrong_type(place, reading, cat({"an array such as ", example()}));
    return;
  }
  if (!fits(place, reading, kTrustedProxiesMax)) return;
  std::vector<IpRange> ranges;
  const std::size_t errors = reading.report.error_count();
  for (const Place& at : items_of(place)) {
    if (at.node.kind != Node::Kind::string) {
      wrong_type(at, reading, R"(a range of addresses such as "10.0.0.0/8")");
    } else if (const auto range = IpRange::parse(at.node.text)) {
      ranges.push_back(*range);
    } else {
      reading.fault(at, range.error().message);
    }
  }
  if (reading.report.error_count() == errors) field = std::move(ranges);
}

}  // namespace carillon::config
