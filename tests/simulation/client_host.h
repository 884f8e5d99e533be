// What simulated clients need of the simulation, and what they know of the node that they are connected to.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
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

struct ShardView {
  std::uint64_t applied = 0;  // the order up to which it has taken everything from the feed
  // For each gap of the bus that it has taken: the earliest gap in whose place it may be reported. It is
  // another one while a client has not been sent the frame for that.
  std::vector<std::size_t> gap_places;
  MonoTime full_at{};  // when its inbox may have been full, the last time
};

// One node as its clients see it.
struct NodeView {
  Feed* feed = nullptr;
  int number = 0;
  bool draining = false;
  MonoTime closes_from = MonoTime::max();  // of its drain: its delay is over
  bool stopped = false;   // its loops have ended; its process soon does, and its sockets with it
  bool may_lose = false;  // events were lost on their way to a shard
  bool memory_was_short = false;
  bool had_burst = false;                     // more events than its budget for them holds
  MonoTime first_short_at = MonoTime::max();  // when a write of its first came up short
  bool orion_ends_at_gap = false;
  bool limits_channels = false;  // tokens name the channels that they permit
  HistoryPlan plan;              // what its endpoints retain
  std::uint64_t epoch = 0;       // of its positions
  bool has_drain_frame = false;  // a last frame, with a hint when to reconnect, before the close of a drain
  std::vector<ShardView> shards;

  std::uint64_t applied_on(int shard) const { return shards[static_cast<std::size_t>(shard)].applied; }
  // Whether a gap of the bus closes the clients of a profile, and whether they are sent a frame for it.
  bool ends_at_gap(Profile profile) const { return profile == Profile::orion && orion_ends_at_gap; }
  bool reports_gaps(Profile profile) const { return plan.notices_of(profile).gap && !ends_at_gap(profile); }
  // Whether the tokens of its clients (request.cc) permit a channel.
  bool permits(std::string_view channel) const {
    return !limits_channels || (channel != "c4" && channel != "c5");
  }
};

// What a client still knows when its connection has ended.
struct Memory {
  const NodeView* node = nullptr;  // that it was connected to
  Profile profile{};
  std::map<std::string, std::string, std::less<>> positions;  // by channel; "": of what its request selects
  std::optional<std::set<std::string>> types;
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
  // A client has lost its connection, and may come back.
  virtual void remember(Memory memory) = 0;
  virtual const std::string& token(std::string_view claims) = 0;

 protected:
  ~ClientHost() = default;
};

}  // namespace carillon::simulation
