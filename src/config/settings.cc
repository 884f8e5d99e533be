#include "config/settings.h"

namespace carillon::config {

std::string Origin::text() const { return line == 0 ? source : source + ":" + std::to_string(line); }

Origin EndpointSettings::origin_of(std::string_view key) const {
  for (const auto& [written, where] : origins_by_key) {
    if (written == key) return where;
  }
  return origin;
}

}  // namespace carillon::config
