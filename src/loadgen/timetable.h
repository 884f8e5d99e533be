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

// Timetable: when each event of a run is to be published, and on which channel. Both ends reckon with it: the
// publisher to know what is due, the receivers to know when the k-th event was due.
//
// Latency is arrival less the *intended* time. A publisher that is late (because the server made it wait,
// for example) does not make the events that it delayed look quick: their clocks have been running since they
// were due. That is the correction for coordinated omission.
//
// Channels take turns. A round visits each of them once, in their order or in one of its own (a permutation
// that is computed, so that nothing is kept a channel); the k-th event of a channel is always of round k.
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
  // How many are due by then.
  std::uint64_t due_by(MonoTime now) const;

  std::uint32_t channel_of(std::uint64_t n) const;
  // The event that is a channel's k-th, counted from 0; it may lie beyond events().
  std::uint64_t event_of(std::uint32_t channel, std::uint64_t k) const;
  // How many of the first `published` events are this channel's.
  std::uint64_t count_on(std::uint32_t channel, std::uint64_t published) const;

 private:
  Settings settings_;
  MonoTime start_;
  double interval_ns_;
  Shuffle shuffle_;
};

}  // namespace carillon::loadgen
