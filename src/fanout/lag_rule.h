#pragma once

#include <cstdint>

namespace carillon::fanout {

// The limits of one endpoint (`lag.*` and `resume.timeout` in the configuration).
struct LagRule {
  // What happens to a subscriber that is too far behind: it is judged slow; it goes on with what the log
  // still has; or it goes on with the newest event of the log.
  enum class Policy : std::uint8_t { disconnect, skip, latest };
  Policy policy = Policy::disconnect;
  bool closes() const { return policy == Policy::disconnect; }
  std::uint32_t bytes_max = 1024 * 1024;  // the backlog in bytes of events
  std::uint32_t grace_ms = 3000;          // how long the backlog may exceed that without shrinking
  std::uint32_t age_ms_max = 15000;       // of its oldest unsent byte
  std::uint32_t replay_ms_max = 60000;    // how long a subscriber may take to receive what it missed
};

using PolicyId = std::uint8_t;  // which of the engine's lag rules

}  // namespace carillon::fanout
