#pragma once

#include <cstddef>
#include <cstdint>

#include "base/pages.h"
#include "history/channel.h"

namespace carillon::history {

// EvictionOrder: the channels of all stores, so that the one with the oldest record of all is found at once.
// The order is exact: by number, and for one number by which store was made first.
//
// Thread: the Budget's. It does not own the channels. It is a heap in which each place has four children,
// which share a cache line: O(log channels) per change, and it grows in place.
class EvictionOrder {
 public:
  // Reserves address space for `channels_max`; throws AddressSpaceRefused.
  explicit EvictionOrder(std::uint32_t channels_max);

  std::uint32_t size() const { return size_; }
  // Returns the channel whose oldest record is the oldest of all; null when there is no channel.
  Channel* first() const { return size_ == 0 ? nullptr : heap()[0].channel; }

  static constexpr std::size_t kBytesPerChannel = 16;

  // Makes sure that add() succeeds once. Throws std::bad_alloc, and then nothing has changed.
  void make_room() { pages_.commit((std::size_t{size_} + 1) * sizeof(Entry)); }
  // The channel has a record.
  void add(Channel& channel);
  // Moves a channel that has lost its oldest record and has another.
  void on_oldest_evicted(Channel& channel);
  void remove(Channel& channel);

 private:
  // The number is stored here too, so that a comparison reads no channel.
  struct Entry {
    std::uint64_t number;
    Channel* channel;

    bool precedes(const Entry& other) const;
  };
  static_assert(sizeof(Entry) == kBytesPerChannel);

  Entry* heap() const { return static_cast<Entry*>(const_cast<void*>(pages_.address())); }
  void put(std::uint32_t place, const Entry& entry);
  void sift_up(std::uint32_t place, const Entry& entry);
  void sift_down(std::uint32_t place, const Entry& entry);

  const std::uint32_t channels_max_;
  std::uint32_t size_ = 0;
  ReservedPages pages_;
};

}  // namespace carillon::history
