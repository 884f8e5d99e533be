#pragma once

#include <cstdint>

namespace carillon::http {

// BodyPace: does a request's body arrive fast enough? In each period it must grow by the rate times the
// period, so that a sender that stops, or drips, does not hold its memory and its place for long.
//
// A whole body thus takes at most its size divided by the rate, rounded up to periods.
// Thread: one. No clock: the owner calls keeps_up() at the end of each period.
class BodyPace {
 public:
  // `bytes` of the body have come since it began; `bytes_min` must have come in the period that ends now.
  bool keeps_up(std::uint64_t bytes, std::uint64_t bytes_min) {
    const bool enough = bytes - at_last_ >= bytes_min;
    at_last_ = bytes;
    return enough;
  }

 private:
  std::uint64_t at_last_ = 0;  // bytes that had come at the end of the last period
};

}  // namespace carillon::http
