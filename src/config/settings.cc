#include "config/settings.h"

namespace carillon::config {

std::string Origin::text() const { return line == 0 ? source : source + ":" + std::to_string(line); }

namespace {

using OriginsByKey = std::vector<std::pair<std::string, Origin>>;

Origin origin_among(const OriginsByKey& origins, std::string_view key, const Origin& otherwise) {
  for (const auto& [written, where] : origins) {
    if (written == key) return where;
  }
  return otherwise;
}

}  // namespace

Origin EndpointSettings::origin_of(std::string_view key) const {
  return origin_among(origins_by_key, key, origin);
}

Origin RouteSettings::origin_of(std::string_view option) const {
  return origin_among(origins_by_key, option, origin);
}

}  // namespace carillon::config
