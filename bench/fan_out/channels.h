// Many channels with one subscriber each, compared with one channel that all clients subscribe to: the cost
// of an event that is routed, kept and delivered for a single client.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "fan_out/phases.h"
#include "loadgen/timetable.h"

namespace carillon::bench {

// The profile whose clients subscribe by command, and its path.
inline constexpr std::string_view kChannelsProfile = "service";
inline constexpr std::string_view kChannelsPath = "/api/ws";

class ChannelsBench {
 public:
  // What a client sends once it is open; `$i` is its number. It subscribes to the hot channel and to this
  // many of its own, and then pings, so that the reply proves that it is subscribed.
  static std::vector<std::string> hellos(std::uint32_t channels_each);
  static constexpr std::uint32_t kAnswersEach = 1;

  ChannelsBench(Phases& phases, std::uint32_t channels_each)
      : phases_(phases), channels_each_(channels_each), clients_in_turn_(phases.clients()) {}

  // Publishes `pending` events for each client, on channels of its own that are drawn at random. The clients
  // come in random order, so that a client's events are about as far apart as there are clients. Alternates
  // with `pending` events on the hot channel, which are as many deliveries, and with a floor: a bare
  // sendmsg() to each client with as many frames, equally far apart in memory. `pairs` phases of each.
  // Returns a line of JSON.
  Result<std::string> against_one_channel(std::uint32_t pending, std::uint32_t pairs);

 private:
  void draw(std::uint32_t pending);  // fills names_
  void publish_drawn();              // the loop's thread
  void publish_hot(std::uint32_t pending);
  Result<Phases::Phase> floor(std::uint32_t pending);
  std::uint64_t send_scattered(std::uint32_t pending) const;

  Phases& phases_;
  const std::uint32_t channels_each_;
  const loadgen::Shuffle clients_in_turn_;
  std::uint64_t round_ = 0;
  std::mt19937_64 random_{20261125};  // the same draw at every run
  // The bus channels of a phase's events, made before it and stored one after the other, as in a read from a
  // bus.
  std::string names_;
  std::vector<std::uint32_t> name_ends_;
  Phases::Notes notes_;
  std::string frames_;  // of the floor: one for each delivery, in the order of publishing
};

}  // namespace carillon::bench
