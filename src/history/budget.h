#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/counter.h"
#include "history/channel.h"
#include "history/eviction_order.h"
#include "history/idle_order.h"

namespace carillon::history {

// How much all stores of a process retain.
struct BudgetLimits {
  std::uint64_t bytes_max = 0;
  std::uint32_t channels_max = 1;  // at least 1
};

// What the history of a process holds and has lost. The Budget's thread writes it; any thread may read it.
struct HistoryCounters {
  Counter events;    // retained now
  Counter bytes;     // occupied now by records and channels
  Counter channels;  // with history now
  std::array<Counter, kEvictions> evicted;
  // How often the floor of a whole store rose: by a gap, or because a channel without records was dropped.
  Counter store_floors_raised;
  Counter out_of_order;  // events that were not retained because their number was not above the ones before

  const Counter& evicted_by(Eviction why) const { return evicted[static_cast<std::size_t>(why)]; }
};

// Budget: the limits that all stores of a process share, and the order in which they are enforced.
//
// Thread: one, the same as that of all its stores. It outlives them.
//
// Bytes: while the history occupies more than bytes_max, the oldest event of all stores is evicted, exactly
// in order of number; of events with one number in several stores, the one of the store that was made first.
// Numbers of several sources are not comparable, but grow with time in each; with several sources the order
// is only by number. Channels: before one more than channels_max would have history, the channel that has had
// no event for the longest time loses all of its events. That is not the channel with the oldest event,
// because then rare channels could evict the long history of a busy one.
//
// Bytes are what malloc really takes for records and channels, and 24 bytes per channel for the arrays that
// find it. These arrays do not shrink: they keep the memory of the largest number of channels so far. Records
// that were evicted but that a reader still holds are not counted.
class Budget {
 public:
  // Throws AddressSpaceRefused.
  explicit Budget(const BudgetLimits& limits);
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  const BudgetLimits& limits() const { return limits_; }
  const HistoryCounters& counters() const { return counters_; }

  // The rest is for stores.

  // Returns the order() of a new store.
  std::uint32_t next_order() { return stores_++; }
  // Makes sure that add_channel() succeeds once; evicts a channel for it when needed. Throws std::bad_alloc.
  void make_room_for_channel();
  // Counts a channel and its first record, which is in its list already.
  void add_channel(Channel& channel);
  // Counts one more record of a channel that is counted already.
  void add_record(Channel& channel, const Record& record);
  // Counts a record that its channel has lost. When it has no other, remove_channel() must follow.
  void remove_record(Channel& channel, const Record& record, Eviction why);
  void remove_channel(Channel& channel);
  // Counts the end of a channel that still has its records, with its store.
  void forget_channel(Channel& channel);
  void count_raised_floor() { counters_.store_floors_raised.add(); }
  void count_out_of_order() { counters_.out_of_order.add(); }
  // Evicts until the history fits bytes_max. Any channel may be gone afterwards.
  void enforce();

 private:
  const BudgetLimits limits_;
  HistoryCounters counters_;
  EvictionOrder by_age_;
  IdleOrder by_idle_time_;
  std::uint32_t stores_ = 0;
};

}  // namespace carillon::history
