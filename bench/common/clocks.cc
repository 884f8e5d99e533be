#include "common/clocks.h"

#include <algorithm>
#include <ctime>

namespace carillon::bench {
namespace {

std::int64_t read_ns(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

Stamp stamp_now() { return {read_ns(CLOCK_THREAD_CPUTIME_ID), read_ns(CLOCK_MONOTONIC)}; }

Spread spread_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  // Between two values it goes over from the one to the other.
  const auto at = [&values](double part) {
    const double place = part * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
  };
  return {at(0.5), values.front(), values.back(), at(0.25), at(0.75)};
}

}  // namespace carillon::bench
