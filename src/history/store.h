#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/sip_hash.h"
#include "base/time.h"
#include "event/channel_pattern.h"
#include "event/tag.h"
#include "history/budget.h"
#include "history/channel_index.h"
#include "history/reading.h"
#include "history/snapshot.h"

namespace carillon::history {

// How much is retained of the channels that match a pattern. Each limit is of one channel.
struct Rule {
  ChannelPattern channels;
  std::uint32_t events = 0;  // at most this many
  milliseconds age{0};       // an event is retained while it is not older
  std::uint64_t bytes = 0;   // of memory for its records
};

// Whether an event is older than its rule allows.
inline bool is_too_old(const Record& record, const Rule& rule, WallTime now) {
  return now - record.received() > rule.age;
}

// Which events are asked for.
struct After {
  std::uint64_t number = 0;  // those with a higher number
  TagMask mask = kAllTags;   // of them, those with one of these tags
  ReadingLimits limits;
};

// Store: the retained events of one endpoint, by channel. A channel follows the first rule that matches it;
// without one it is not retained. An endpoint without channels uses the one channel "" and tags.
//
// Thread: one, the same as its Budget's. The records that it gives out may go to any thread.
// Owner: the owner of the Budget, which outlives it.
//
// Numbers come from one sequence and ascend over all channels. When a sequence begins anew (a new epoch),
// make a new Store. Times are the caller's wall clock.
//
// Floors: every channel has a floor, below or at which events may be missing; after it none has been evicted.
// Every eviction raises the floor of its channel to the number that was evicted. When a channel has no record
// left it is dropped, and the floor of the store is raised to its floor. A channel that is not there has the
// store's floor. So a reading after any position is complete, or refused with the reason.
//
// A store that does not begin with the first event of its sequence must be told so by raise_floor().
class Store final : private ChannelOwner {
 public:
  // `key` is secret: it decides which names share a bucket. At most 65,535 rules. Throws AddressSpaceRefused.
  Store(Budget& budget, std::vector<Rule> rules, const SipKey& key);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  ~Store();

  enum class Appended {
    appended,   // as its channel's newest; a limit smaller than the event itself has evicted it already
    no_rule,    // the channel is not retained
    no_memory,  // the floor of the store is raised to its number
    // Its number is not above all numbers and floors before it, which only a bug or a broken source can
    // cause. It is not retained, and the floor of all channels is raised to the highest number so far, as by
    // a gap.
    out_of_order,
  };
  // Retains an event that was received at event.received, and evicts what the limits then no longer allow; of
  // events that are too old, at most kExpiredPerAppend.
  Appended append(std::string_view channel, const Event& event);

  // Says that events up to `number` may be missing in every channel: a gap of the bus, or a store that begins
  // later than its sequence. Takes constant time: the records at or below it stay until they are evicted.
  void raise_floor(std::uint64_t number);

  // Returns all that is retained after the last gap. It takes time for each record, without copying it.
  Snapshot snapshot() const;
  // Says that events up to `number` may be missing in this channel. What it retains up to there stays until
  // it is evicted.
  void raise_channel_floor(std::string_view channel, std::uint64_t number);
  // The same for all channels that retain no event.
  void raise_folded_floor(std::uint64_t number);

  // The channel may be any bytes here and below, because clients choose it.
  //
  // Returns the records after a position, in order; none when the position is that of the newest event or
  // ahead of it. A reading walks back from the newest event to the position, and is refused at the first
  // event that is too old or beyond the limits. It reads a cache line per event after the position.
  Reading after(std::string_view channel, const After& query, WallTime now) const;
  // Returns up to the `count` newest records with one of the tags, in order, without one before a gap or one
  // that is too old: nothing is missing between them. Refuses only with no_history.
  Reading last(std::string_view channel, std::size_t count, TagMask mask, WallTime now) const;

  // Returns the floor of a channel; nothing when it is not retained.
  std::optional<std::uint64_t> floor(std::string_view channel) const;

  // Evicts events that are too old. Readings do not depend on it; it frees their memory. Call it a few times
  // a second: each call continues where the last one stopped, and visits at most kBucketsPerExpire channels
  // (on average) and evicts at most kExpiredPerCall events.
  void expire(WallTime now);

  static constexpr std::uint32_t kExpiredPerAppend = 8;
  static constexpr std::uint32_t kExpiredPerCall = 1024;
  static constexpr std::uint32_t kBucketsPerExpire = 256;

 private:
  bool evict_oldest(Channel& channel, Eviction why) override;

  std::optional<std::uint16_t> rule_of(std::string_view channel) const;
  const Rule& rule_of(const Channel& channel) const { return rules_[channel.rule]; }
  Channel& add_channel(std::string_view name, std::uint64_t hash, std::uint16_t rule,
                       Ref<const Record> first);
  void lose_channel(Channel* channel, std::uint64_t number);
  void enforce_rule(Channel& channel, WallTime now);
  std::uint32_t expire_channel(Channel& channel, std::uint32_t events_max, WallTime now);
  Reading collect(const Channel& channel, const After& query, WallTime now) const;

  Budget& budget_;
  const std::vector<Rule> rules_;
  ChannelIndex index_;
  std::uint64_t folded_floor_ = 0;  // the highest floor of the channels that were dropped
  std::uint64_t gap_floor_ = 0;     // that of raise_floor()
  std::uint64_t highest_ = 0;       // of all numbers and floors so far
  std::uint32_t expire_at_ = 0;     // the bucket at which expire() continues
};

}  // namespace carillon::history
