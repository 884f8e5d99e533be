// Clocks and the statistics of a few measured values.
#pragma once

#include <cstdint>
#include <vector>

namespace carillon::bench {

// Wall time and CPU time at one moment. CPU time is the calling thread's, user and kernel together. On a
// shared machine it is the more reliable figure, because it does not advance while other processes run.
struct Stamp {
  std::int64_t cpu_ns = 0;
  std::int64_t wall_ns = 0;
};
Stamp stamp_now();

struct Span {
  std::int64_t cpu_ns = 0;
  std::int64_t wall_ns = 0;
};
inline Span operator-(Stamp end, Stamp start) {
  return {end.cpu_ns - start.cpu_ns, end.wall_ns - start.wall_ns};
}

struct Spread {
  double median = 0;
  double min = 0;
  double max = 0;
  double low = 0;  // half of the values lie between these two
  double high = 0;
};
Spread spread_of(std::vector<double> values);  // at least one

}  // namespace carillon::bench
