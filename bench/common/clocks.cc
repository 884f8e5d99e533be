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
  const std::size_t middle = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

}  // namespace carillon::bench
