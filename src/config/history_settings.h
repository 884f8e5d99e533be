// What an endpoint retains, and how its clients get what they missed.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace carillon::config {

// What an endpoint retains of the channels that one of the patterns matches.
struct HistoryRule {
  std::vector<std::string> channels{"*"};  // as clients name them
  std::uint32_t events = 100;              // of each channel
  milliseconds age{300'000};
  std::uint64_t bytes = 1024 * 1024;
};

// The keys resume.* of an endpoint.
struct ResumeSettings {
  std::string parameter;         // of the query: the position that events are sent after; empty: none
  milliseconds timeout{60'000};  // how long a client may take to receive what it missed
};

}  // namespace carillon::config
