#pragma once

#include <cstdint>

namespace carillon::http {

// BodyPace: checks whether a request's body arrives fast enough. In each period it must grow by the rate
// times the period, so that a sender that stops or is very slow does not hold memory and a connection for
// long.
//
// A whole body therefore takes at most its size divided by the rate, rounded up to whole periods.
// Thread: one. No clock: the owner calls keeps_up() at the end of each period.
class BodyPace {
 public:
  // `bytes` of the body have arrived since it began; at least `bytes_min` must be from the period that ends
  // now.
  bool keeps_up(std::uint64_t bytes, std::uint64_t bytes_min) {
    const bool enough = bytes - at_last_ >= bytes_min;
    at_last_ = bytes;
    return enough;
  }

 private:
  std::uint64_t at_last_ = 0;  // bytes that had arrived at the end of the last period
};

}  // namespace carillon::http
