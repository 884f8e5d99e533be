#include "protocol/time_values.h"

namespace carillon::protocol {

TimeValues::TimeValues(WallTime time)
    : time_(time),
      rfc3339_s_(rfc3339_seconds(time)),
      rfc3339_ms_(rfc3339_milliseconds(time)),
      unix_s_(std::to_string(std::chrono::floor<seconds>(time.time_since_epoch()).count())),
      unix_ms_(std::to_string(time.time_since_epoch().count())) {}

}  // namespace carillon::protocol
