// Ranges of addresses: ["10.0.0.0/8", "::1/128"].
#pragma once

#include <string>
#include <vector>

#include "base/ip_address.h"
#include "config/value_kinds.h"

namespace carillon::config {

inline constexpr std::size_t kTrustedProxiesMax = 256;

// A list of address ranges.
struct IpRangesKind {
  std::string type() const;
  std::string example() const { return R"(["10.0.0.0/8", "::1/128"])"; }
  std::string show(const std::vector<IpRange>& field) const;
  void read(const Place& place, Reading& reading, std::vector<IpRange>& field) const;
};

}  // namespace carillon::config
