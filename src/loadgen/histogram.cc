#include "loadgen/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace carillon::loadgen {
namespace {

constexpr std::uint64_t kExact = Histogram::kExactBelow_us;
constexpr std::uint64_t kPerDoubling = kExact / 2;
constexpr unsigned kExactBits = std::bit_width(kExact) - 1;

}  // namespace

std::size_t Histogram::bucket_of(std::uint64_t time_us) {
  if (time_us < kExact) return time_us;
  const auto shift = static_cast<unsigned>(std::bit_width(time_us)) - kExactBits;
  return kExact + (shift - 1) * kPerDoubling + (time_us >> shift) - kPerDoubling;
}

std::uint64_t Histogram::highest_us(std::size_t bucket) {
  if (bucket < kExact) return bucket;
  const std::uint64_t above = bucket - kExact;
  const std::uint64_t shift = above / kPerDoubling + 1;
  return ((above % kPerDoubling + kPerDoubling + 1) << shift) - 1;
}

Histogram::Histogram() : counts_(bucket_of(kMax_us) + 1) {}

void Histogram::record(MonoClock::duration time) {
  const auto time_us = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  record_us(time_us < 0 ? 0 : static_cast<std::uint64_t>(time_us));
}

void Histogram::record_us(std::uint64_t time_us) {
  time_us = std::min(time_us, kMax_us);
  ++counts_[bucket_of(time_us)];
  ++count_;
  sum_us_ += time_us;
  max_us_ = std::max(max_us_, time_us);
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_us_ += other.sum_us_;
  max_us_ = std::max(max_us_, other.max_us_);
}

void Histogram::clear() {
  std::fill(counts_.begin(), counts_.end(), 0);
  count_ = sum_us_ = max_us_ = 0;
}

std::uint64_t Histogram::percentile_us(double percent) const {
  if (count_ == 0) return 0;
  const double share = std::clamp(percent, 0.0, 100.0) / 100 * static_cast<double>(count_);
  // A share that is a whole number but for rounding means that number.
  const auto wanted = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share - 1e-6)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= wanted) return std::min(highest_us(i), max_us_);
  }
  return max_us_;
}

double Histogram::mean_us() const {
  return count_ == 0 ? 0 : static_cast<double>(sum_us_) / static_cast<double>(count_);
}

}  // namespace carillon::loadgen
