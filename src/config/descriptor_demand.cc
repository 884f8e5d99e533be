#include "config/descriptor_demand.h"

#include <algorithm>
#include <cmath>

namespace carillon::config {
namespace {

// Listeners, epoll, eventfds, the bus and the log, API requests under way.
constexpr std::int64_t kOwnDescriptors = 256;
constexpr std::int64_t kSmallLimit = 4 * kOwnDescriptors;

}  // namespace

// The fullest of the tables. The kernel spreads connections by a hash of their addresses (SO_REUSEPORT), so
// their numbers differ as those of dice do; six standard deviations are met once in a billion.
std::int64_t descriptors_a_table(std::int64_t connections, std::int64_t tables) {
  if (tables == 1) return connections + kOwnDescriptors;
  const std::int64_t mean = connections / tables + 1;
  const auto deviation = static_cast<std::int64_t>(std::sqrt(static_cast<double>(mean))) + 1;
  return std::min(mean + 6 * deviation, connections) + kOwnDescriptors;
}

std::int64_t connections_within(std::int64_t limit, std::int64_t tables) {
  constexpr std::int64_t kLimitMax = std::int64_t{1} << 32;  // that the product below stays a number
  // With a very small limit a quarter of it is kept, so that there is room for clients at all.
  limit = std::max(limit, std::min(limit - limit / 4 + kOwnDescriptors, kSmallLimit));
  std::int64_t enough = 1;
  std::int64_t too_many = std::clamp<std::int64_t>(limit, 1, kLimitMax) * tables + 1;
  while (too_many - enough > 1) {
    const std::int64_t middle = enough + (too_many - enough) / 2;
    (descriptors_a_table(middle, tables) <= limit ? enough : too_many) = middle;
  }
  return enough;
}

}  // namespace carillon::config
