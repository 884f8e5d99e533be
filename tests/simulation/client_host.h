// What simulated clients need of the simulation, and what they know of the node that they are connected to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dice.h"
#include "feed.h"
#include "virtual_sockets.h"

namespace carillon::simulation {

enum class Kind : std::uint8_t { well_behaved, slow, silent, abusive, reconnecting, half_open };
inline constexpr int kKinds = 6;
std::string_view name_of(Kind kind);

// One node as its clients see it.
struct NodeView {
  Feed* feed = nullptr;
  int number = 0;
  bool draining = false;
  MonoTime closes_from = MonoTime::max();  // of its drain: its delay is over
  bool stopped = false;   // its loops have ended; its process soon does, and its sockets with it
  bool may_lose = false;  // events were lost on their way to a shard, or a gap of the bus closes clients
  bool memory_was_short = false;
  bool had_burst = false;                     // more events than its budget for them holds
  MonoTime first_short_at = MonoTime::max();  // when a write of its first came up short
  bool orion_ends_at_gap = false;
  bool limits_channels = false;  // tokens name the channels that they permit
  bool has_drain_frame = false;  // a last frame, with a hint when to reconnect, before the close of a drain
  // By shard: the order up to which it has taken everything from the feed.
  std::vector<std::uint64_t> applied;
};

class ClientHost {
 public:
  virtual VirtualSockets& sockets() = 0;
  virtual Dice& dice() = 0;
  virtual const VirtualClock& clock() const = 0;
  virtual void fail(const std::string& what) = 0;
  // The channel that an event was published to.
  virtual const std::string& channel_of(std::uint32_t serial) = 0;
  virtual std::uint32_t next_serial(const std::string& channel) = 0;
  virtual const std::string& token(std::string_view claims) = 0;

 protected:
  ~ClientHost() = default;
};

}  // namespace carillon::simulation
