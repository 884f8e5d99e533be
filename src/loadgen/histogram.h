#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.h"

namespace carillon::loadgen {

// Histogram: counts times in buckets that grow with the value (the log-linear layout of HdrHistogram): 1 µs
// exact up to 2 ms, beyond that within 0.1 %, up to an hour.
//
// Thread: one; merge() brings several together afterwards. Memory: always 184 KiB.
class Histogram {
 public:
  static constexpr std::uint64_t kMax_us = 3'600'000'000;  // longer counts as this
  // Up to here a bucket is a microsecond; each doubling beyond has half as many buckets.
  static constexpr std::uint64_t kExactBelow_us = 2048;

  Histogram();

  // Whole microseconds, rounded down; a negative one counts as 0.
  void record(MonoClock::duration time);
  void record_us(std::uint64_t time_us);
  void merge(const Histogram& other);
  void clear();

  std::uint64_t count() const { return count_; }
  // Returns the smallest time that `percent` of the recorded ones do not exceed, rounded up to the end of its
  // bucket but never above max_us(); 0 when nothing was recorded.
  std::uint64_t percentile_us(double percent) const;
  std::uint64_t max_us() const { return max_us_; }
  double mean_us() const;

  // The bucket of a time, and the longest time that falls into it too.
  static std::size_t bucket_of(std::uint64_t time_us);
  static std::uint64_t highest_us(std::size_t bucket);

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t sum_us_ = 0;
  std::uint64_t max_us_ = 0;
};

}  // namespace carillon::loadgen
