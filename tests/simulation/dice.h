// Dice: the only randomness of a simulation. The same seed gives the same throws in every build.
#pragma once

#include <cstdint>

namespace carillon::simulation {

// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31);
  }
  // A number from 0 to below - 1; 0 where `below` is 0.
  std::uint32_t below(std::uint32_t below) {
    return below == 0 ? 0 : static_cast<std::uint32_t>((next() >> 32) % below);
  }
  // A number from `least` to `most`, both included.
  std::uint32_t between(std::uint32_t least, std::uint32_t most) { return least + below(most - least + 1); }
  bool chance(std::uint32_t percent) { return below(100) < percent; }

 private:
  std::uint64_t state_;
};

}  // namespace carillon::simulation
