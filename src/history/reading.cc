#include "history/reading.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace carillon::history {

Reading merge(std::vector<Reading> readings, const ReadingLimits& limits) {
  Records merged;
  std::uint64_t bytes = 0;
  for (const Reading& reading : readings) {
    if (!reading) return tl::unexpected(reading.error());
  }
  for (Reading& reading : readings) {
    if (reading->size() > limits.events_max - merged.size()) return tl::unexpected(NotRecovered::too_many);
    for (const auto& record : *reading) bytes += record->frame().size();
    if (bytes > limits.bytes_max) return tl::unexpected(NotRecovered::too_many);
    std::move(reading->begin(), reading->end(), std::back_inserter(merged));
  }
  std::stable_sort(merged.begin(), merged.end(),
                   [](const auto& a, const auto& b) { return a->number() < b->number(); });
  return merged;
}

}  // namespace carillon::history
