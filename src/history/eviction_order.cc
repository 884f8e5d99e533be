#include "history/eviction_order.h"

#include <algorithm>

#include "base/assert.h"

namespace carillon::history {
namespace {

constexpr std::uint32_t kChildren = 4;

}  // namespace

EvictionOrder::EvictionOrder(std::uint32_t channels_max)
    : channels_max_(channels_max), pages_(std::size_t{channels_max} * sizeof(Entry)) {}

bool EvictionOrder::Entry::precedes(const Entry& other) const {
  if (number != other.number) return number < other.number;
  return channel->owner->order() < other.channel->owner->order();
}

void EvictionOrder::add(Channel& channel) {
  CARILLON_ASSERT(size_ < channels_max_);
  sift_up(size_++, {channel.records.oldest()->number(), &channel});
}

void EvictionOrder::on_oldest_evicted(Channel& channel) {
  sift_down(channel.place, {channel.records.oldest()->number(), &channel});
}

void EvictionOrder::remove(Channel& channel) {
  CARILLON_ASSERT(channel.place < size_ && heap()[channel.place].channel == &channel);
  const Entry last = heap()[--size_];
  if (last.channel == &channel) return;
  const std::uint32_t place = channel.place;
  if (last.precedes(heap()[place])) {
    sift_up(place, last);
  } else {
    sift_down(place, last);
  }
}

void EvictionOrder::put(std::uint32_t place, const Entry& entry) {
  heap()[place] = entry;
  entry.channel->place = place;
}

void EvictionOrder::sift_up(std::uint32_t place, const Entry& entry) {
  while (place > 0) {
    const std::uint32_t parent = (place - 1) / kChildren;
    if (!entry.precedes(heap()[parent])) break;
    put(place, heap()[parent]);
    place = parent;
  }
  put(place, entry);
}

void EvictionOrder::sift_down(std::uint32_t place, const Entry& entry) {
  for (;;) {
    const std::uint64_t first = std::uint64_t{place} * kChildren + 1;
    if (first >= size_) break;
    const std::uint64_t end = std::min<std::uint64_t>(first + kChildren, size_);
    std::uint64_t least = first;
    for (std::uint64_t child = first + 1; child < end; ++child) {
      if (heap()[child].precedes(heap()[least])) least = child;
    }
    if (!heap()[least].precedes(entry)) break;
    put(place, heap()[least]);
    place = static_cast<std::uint32_t>(least);
  }
  put(place, entry);
}

}  // namespace carillon::history
