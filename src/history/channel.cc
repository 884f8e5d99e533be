#include "history/channel.h"

#include <algorithm>
#include <limits>
#include <new>

#include "base/assert.h"
#include "history/allocation.h"
#include "history/channel_index.h"
#include "history/eviction_order.h"

namespace carillon::history {

Channel* Channel::make(std::string_view name, std::uint8_t fingerprint, std::uint16_t rule,
                       ChannelOwner& owner) {
  CARILLON_ASSERT(name.size() <= std::numeric_limits<std::uint8_t>::max());
  void* const place = ::operator new(sizeof(Channel) + name.size());
  auto* const channel = new (place) Channel;
  std::copy(name.begin(), name.end(), static_cast<char*>(place) + sizeof(Channel));
  channel->name_size = static_cast<std::uint8_t>(name.size());
  channel->fingerprint = fingerprint;
  channel->rule = rule;
  channel->owner = &owner;
  return channel;
}

void Channel::destroy(Channel* channel) {
  channel->~Channel();
  ::operator delete(channel);
}

std::size_t Channel::memory() const {
  return allocated_bytes(sizeof(Channel) + name_size) + ChannelIndex::kBytesPerChannel +
         EvictionOrder::kBytesPerChannel;
}

}  // namespace carillon::history
