// Many channels of one subscriber each, beside one channel that all of these subscribe to: what an event
// costs that is routed, kept and delivered for one client alone.
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
  // What a client says once it is open, `$i` being its number: it subscribes to the hot channel and to so
  // many of its own, and then pings, so that the answer proves that it is subscribed.
  static std::vector<std::string> hellos(std::uint32_t channels_each);
  static constexpr std::uint32_t kAnswersEach = 1;

  ChannelsBench(Phases& phases, std::uint32_t channels_each)
      : phases_(phases), channels_each_(channels_each), clients_in_turn_(phases.clients()) {}

  // `pending` events for each client, on channels of its own that are drawn at random; the clients have their
  // turns in random order, so that a client's next event is about as many events away as there are clients.
  // In turns with `pending` events on the hot channel: as many deliveries. And in turns with a floor: a bare
  // sendmsg() to each client of as many frames that lie as far apart. `pairs` phases of each. Returns a line
  // of JSON.
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
  // Bus channels of the events of a phase, made before it and one behind the other, as a read of a bus has
  // them.
  std::string names_;
  std::vector<std::uint32_t> name_ends_;
  Phases::Notes notes_;
  std::string frames_;  // of the floor: one for each delivery, in the order of publishing
};

}  // namespace carillon::bench
