// Histogram: how many values were at most each of some bounds, for GET /metrics.
//
// Thread: one thread adds, and any thread may read. A reader may see a value in its bucket that is not in the
// sum yet.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/assert.h"
#include "base/counter.h"
#include "base/time.h"

namespace carillon {

class Histogram {
 public:
  static constexpr std::size_t kBoundsMax = 20;

  // `bounds`: in ascending order, at most kBoundsMax; they outlive the histogram. A value counts in the first
  // bucket whose bound is not below it, or in the last one, which has no bound.
  explicit Histogram(std::span<const std::uint64_t> bounds) : bounds_(bounds) {
    CARILLON_ASSERT(bounds.size() <= kBoundsMax);
  }

  void add(std::uint64_t value) {
    std::size_t i = 0;
    while (i < bounds_.size() && value > bounds_[i]) ++i;
    buckets_[i].add();
    sum_.add(value);
  }
  // Adds a length of time in nanoseconds; one below zero counts as zero.
  void add(MonoClock::duration length) {
    const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(length).count();
    add(ns < 0 ? std::uint64_t{0} : static_cast<std::uint64_t>(ns));
  }

  std::span<const std::uint64_t> bounds() const { return bounds_; }
  // The values of one bucket alone; `bucket` is at most bounds().size().
  std::uint64_t count(std::size_t bucket) const { return buckets_[bucket].get(); }
  std::uint64_t sum() const { return sum_.get(); }

 private:
  std::span<const std::uint64_t> bounds_;
  std::array<Counter, kBoundsMax + 1> buckets_;
  Counter sum_;
};

// Bounds for times, in nanoseconds: 50 µs to 10 s.
inline constexpr std::array<std::uint64_t, 17> kTimeBounds{
    50'000,      100'000,       250'000,       500'000,       1'000'000,     2'500'000,
    5'000'000,   10'000'000,    25'000'000,    50'000'000,    100'000'000,   250'000'000,
    500'000'000, 1'000'000'000, 2'500'000'000, 5'000'000'000, 10'000'000'000};

// Bounds for numbers of clients: 0 to 1,000,000.
inline constexpr std::array<std::uint64_t, 15> kClientBounds{
    0, 1, 2, 5, 10, 25, 100, 250, 1'000, 2'500, 10'000, 25'000, 100'000, 250'000, 1'000'000};

}  // namespace carillon
