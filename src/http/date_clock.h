#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>

#include "base/time.h"

namespace carillon::http {

// DateClock: the value of the Date header that an origin server must send (RFC 9110 section 6.6.1).
//
// Thread: one; each shard has its own. Formats once a second at most and allocates nothing.
class DateClock {
 public:
  // "Sun, 06 Nov 1994 08:49:37 GMT", always 29 characters (RFC 9110 section 5.6.7). The view is valid until
  // the next call. A year beyond 9999 is shown as 9999, and one before 1970 as 1970.
  std::string_view at(WallTime now);

 private:
  std::int64_t shown_ = std::numeric_limits<std::int64_t>::min();  // the Unix second that text_ shows
  std::array<char, 29> text_{};
};

}  // namespace carillon::http
