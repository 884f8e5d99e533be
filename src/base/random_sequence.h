// RandomSequence: numbers that a seed decides and that look random (splitmix64), for jitter. Anyone who sees
// a few of them can compute the others, so they must not serve as secrets.
//
// Thread: any.
#pragma once

#include <atomic>
#include <cstdint>

namespace carillon {

class RandomSequence {
 public:
  explicit RandomSequence(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_.fetch_add(kStep, std::memory_order_relaxed) + kStep;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }
  // Returns a number from 0 to `most`, each as likely as the others. `most` is far below 2^64.
  std::uint64_t up_to(std::uint64_t most) { return next() % (most + 1); }

 private:
  std::atomic<std::uint64_t> state_;
};

}  // namespace carillon
