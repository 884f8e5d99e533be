#pragma once

#include <cstdint>

namespace carillon::fanout {

// The limits of one endpoint (`lag.*` and `resume.timeout` in the configuration).
struct LagRule {
  enum class Policy : std::uint8_t { disconnect, skip };
  Policy policy = Policy::disconnect;
  std::uint32_t bytes_max = 1024 * 1024;  // the backlog in bytes of events
  std::uint32_t grace_ms = 3000;          // how long the backlog may exceed that without shrinking
  std::uint32_t age_ms_max = 15000;       // of its oldest unsent byte
  std::uint32_t replay_ms_max = 60000;    // how long a subscriber may take to receive what it missed
};

using PolicyId = std::uint8_t;  // which of the engine's lag rules

}  // namespace carillon::fanout
