// What happens to clients of an endpoint that fall too far behind.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/key_settings.h"

namespace carillon::config {

enum class LagPolicy : std::uint8_t { disconnect, skip, latest };

// Another policy for the channels that one of the patterns matches.
struct LagOverride {
  std::vector<std::string> channels;  // as clients name them
  LagPolicy policy = LagPolicy::disconnect;
  std::uint32_t bytes_max = 0;  // of one channel, with skip and latest; 0 is lag.bytes_max
  Origin origin;                // of `policy`, for faults that only show later
};

}  // namespace carillon::config
