#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "history/record_list.h"

namespace carillon::history {

struct Channel;

// Why an event was evicted from the history.
enum class Eviction : std::uint8_t {
  count,     // its channel had more events than its rule allows
  age,       // it was older than its rule allows
  bytes,     // the events of its channel occupied more than its rule allows
  budget,    // the history of the process occupied more than it may
  channels,  // more channels had history than may have it
  memory,    // a later event of its channel could not be retained, because there was no memory
};
inline constexpr std::size_t kEvictions = 6;

// ChannelOwner: the interface by which the Budget evicts from the channels of a Store.
class ChannelOwner {
 public:
  // Evicts the oldest record and raises the channel's floor to its number. Returns false when that was the
  // last one: then the channel no longer exists.
  virtual bool evict_oldest(Channel& channel, Eviction why) = 0;

  // A number that orders the owners: which was made first.
  std::uint32_t order() const { return order_; }

 protected:
  explicit ChannelOwner(std::uint32_t order) : order_(order) {}
  ~ChannelOwner() = default;

 private:
  const std::uint32_t order_;
};

// Channel: the history of one channel in one Store. It exists only while it has a record.
//
// Thread: its Store's. It is one allocation, with the name behind it, and is in three structures by links of
// its own: the store's ChannelIndex, and the EvictionOrder and IdleOrder of the Budget.
struct Channel {
  // `name` has at most 255 bytes. Throws std::bad_alloc.
  static Channel* make(std::string_view name, std::uint8_t fingerprint, std::uint16_t rule,
                       ChannelOwner& owner);
  static void destroy(Channel* channel);

  std::string_view name() const { return {reinterpret_cast<const char*>(this + 1), name_size}; }
  // What it costs without its records: its allocation and its places in the two arrays.
  std::size_t memory() const;

  Channel* next = nullptr;       // in its bucket of the ChannelIndex
  Channel* less_idle = nullptr;  // in the IdleOrder
  Channel* more_idle = nullptr;  // in the IdleOrder
  std::uint64_t floor = 0;       // nothing with a higher number has been evicted; below every record's number
  ChannelOwner* owner = nullptr;  // outlives the channel
  RecordList records;
  std::uint32_t place = 0;  // in the EvictionOrder
  std::uint16_t rule = 0;   // which of the store's rules it follows
  std::uint8_t name_size = 0;
  std::uint8_t fingerprint = 0;  // eight bits of the name's hash, to skip most comparisons of names
};

static_assert(sizeof(Channel) == 80);

}  // namespace carillon::history
