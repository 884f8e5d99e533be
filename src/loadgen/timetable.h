#pragma once

#include <cstdint>

#include "base/time.h"

namespace carillon::loadgen {

// The order in which events use the channels.
enum class ChannelOrder : std::uint8_t { round_robin, random };

// A permutation of 0 … size−1 for each round, both ways.
class Shuffle {
 public:
  explicit Shuffle(std::uint32_t size);  // 1 to 2^30
  std::uint32_t at(std::uint64_t round, std::uint32_t position) const;
  std::uint32_t position_of(std::uint64_t round, std::uint32_t value) const;

 private:
  std::uint64_t mixed(std::uint64_t round, unsigned step, std::uint64_t half) const;

  std::uint32_t size_;
  unsigned half_bits_;  // of the least square that holds `size`: 2^(2 × half_bits_)
};

// Timetable: when each event of a run is to be published, and on which channel. Both ends use it: the
// publisher to know what is due, the receivers to know when the k-th event was due.
//
// Latency is the time of arrival minus the *intended* time of publishing. When a publisher is late (because
// the server made it wait, for example), the delay counts as latency of the delayed events. That is the
// correction for coordinated omission.
//
// Channels take turns. A round visits each of them once, in their order or in a random one (a computed
// permutation, so that nothing is stored per channel); the k-th event of a channel always belongs to round k.
//
// Pure values. Thread: any.
class Timetable {
 public:
  struct Settings {
    double events_per_s = 1;
    std::uint64_t events = 0;
    std::uint32_t channels = 1;
    ChannelOrder order = ChannelOrder::round_robin;
  };

  Timetable() : Timetable(Settings{}, MonoTime{}) {}
  Timetable(const Settings& settings, MonoTime start);

  std::uint64_t events() const { return settings_.events; }
  std::uint32_t channels() const { return settings_.channels; }
  MonoTime start() const { return start_; }

  // When event n is to be published; events are counted from 0.
  MonoTime due(std::uint64_t n) const;
  // How many events are due by `now`.
  std::uint64_t due_by(MonoTime now) const;

  std::uint32_t channel_of(std::uint64_t n) const;
  // Returns the number of the channel's k-th event, counted from 0; it may be beyond events().
  std::uint64_t event_of(std::uint32_t channel, std::uint64_t k) const;
  // How many of the first `published` events belong to this channel.
  std::uint64_t count_on(std::uint32_t channel, std::uint64_t published) const;

 private:
  Settings settings_;
  MonoTime start_;
  double interval_ns_;
  Shuffle shuffle_;
};

}  // namespace carillon::loadgen
