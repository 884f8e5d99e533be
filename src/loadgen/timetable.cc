#include "loadgen/timetable.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/assert.h"

namespace carillon::loadgen {
namespace {

constexpr unsigned kSteps = 4;  // of the Feistel network: enough that no pattern is left to a prefetcher

}  // namespace

Shuffle::Shuffle(std::uint32_t size)
    : size_(size), half_bits_((static_cast<unsigned>(std::bit_width(size - 1)) + 1) / 2) {
  CARILLON_ASSERT(size >= 1 && size <= 1u << 30);
}

// Any function will do: a Feistel network is a permutation whatever it is. This one is splitmix64's.
std::uint64_t Shuffle::mixed(std::uint64_t round, unsigned step, std::uint64_t half) const {
  std::uint64_t x = (round * kSteps + step + 1) * 0x9E3779B97F4A7C15 + half;
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
  x = (x ^ x >> 27) * 0x94D049BB133111EB;
  return (x ^ x >> 31) & ((std::uint64_t{1} << half_bits_) - 1);
}

std::uint32_t Shuffle::at(std::uint64_t round, std::uint32_t position) const {
  std::uint64_t value = position;
  do {  // what falls outside is shuffled on until it falls inside; at most every fourth value is inside
    std::uint64_t left = value >> half_bits_;
    std::uint64_t right = value & ((std::uint64_t{1} << half_bits_) - 1);
    for (unsigned step = 0; step < kSteps; ++step) {
      const std::uint64_t next = left ^ mixed(round, step, right);
      left = right;
      right = next;
    }
    value = left << half_bits_ | right;
  } while (value >= size_);
  return static_cast<std::uint32_t>(value);
}

std::uint32_t Shuffle::position_of(std::uint64_t round, std::uint32_t wanted) const {
  std::uint64_t value = wanted;
  do {
    std::uint64_t left = value >> half_bits_;
    std::uint64_t right = value & ((std::uint64_t{1} << half_bits_) - 1);
    for (unsigned step = kSteps; step-- > 0;) {
      const std::uint64_t before = right ^ mixed(round, step, left);
      right = left;
      left = before;
    }
    value = left << half_bits_ | right;
  } while (value >= size_);
  return static_cast<std::uint32_t>(value);
}

Timetable::Timetable(const Settings& settings, MonoTime start)
    : settings_(settings),
      start_(start),
      interval_ns_(1e9 / settings.events_per_s),
      shuffle_(settings.channels) {}

MonoTime Timetable::due(std::uint64_t n) const {
  return start_ + MonoClock::duration(std::llround(static_cast<double>(n) * interval_ns_));
}

std::uint64_t Timetable::due_by(MonoTime now) const {
  if (now < start_) return 0;
  const auto passed = static_cast<double>((now - start_).count()) / interval_ns_;
  auto count = static_cast<std::uint64_t>(passed) + 1;
  // Both ends use due(): rounding must not make an event due too early, or count one too few.
  if (due(count - 1) > now) --count;
  if (due(count) <= now) ++count;
  return std::min(count, settings_.events);
}

std::uint32_t Timetable::channel_of(std::uint64_t n) const {
  const auto position = static_cast<std::uint32_t>(n % settings_.channels);
  return settings_.order == ChannelOrder::random ? shuffle_.at(n / settings_.channels, position) : position;
}

std::uint64_t Timetable::event_of(std::uint32_t channel, std::uint64_t k) const {
  const std::uint32_t position =
      settings_.order == ChannelOrder::random ? shuffle_.position_of(k, channel) : channel;
  return k * settings_.channels + position;
}

std::uint64_t Timetable::count_on(std::uint32_t channel, std::uint64_t published) const {
  const std::uint64_t whole_rounds = published / settings_.channels;
  return whole_rounds + (event_of(channel, whole_rounds) < published ? 1 : 0);
}

}  // namespace carillon::loadgen
