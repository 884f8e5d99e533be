// The lag policies of an endpoint's channels: an array of [[endpoint.lag.overrides]] tables.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "config/option.h"
#include "config/settings.h"

namespace carillon::config {

inline constexpr std::size_t kLagOverridesMax = 16;  // of one endpoint

// A list of overrides; the first one that matches a channel counts.
struct LagOverridesKind {
  std::string type() const;
  std::string example() const;
  // Inline tables with all values.
  std::string show(const std::vector<LagOverride>& field) const;
  void read(const Place& place, Reading& reading, std::vector<LagOverride>& field) const;
};

}  // namespace carillon::config
