#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/ref.h"
#include "base/result.h"
#include "history/record.h"

namespace carillon::history {

// Why the events after a position cannot be given completely.
enum class NotRecovered : std::uint8_t {
  no_history,  // the channel is not retained
  evicted,     // an event after the position has been evicted, or is older than its channel's rule allows
  gap,         // the bus may have lost events after the position
  too_many,    // more events or bytes follow than were asked for at most
};

// Records in ascending order of number. They may be held and read on any thread.
using Records = std::vector<Ref<const Record>>;

// Reading: all records that were asked for, or why there are none. It is never a part of them.
using Reading = Result<Records, NotRecovered>;

// At most how much a reading may have: events, and bytes of their frames.
struct ReadingLimits {
  std::size_t events_max = 0;
  std::uint64_t bytes_max = 0;
};

// Merges the readings of several channels in order of number. Records with one number stay in the order of
// their readings. Returns the reason of the first reading that was not recovered, or too_many when all
// together are over the limits.
Reading merge(std::vector<Reading> readings, const ReadingLimits& limits);

}  // namespace carillon::history
