#include "history/channel_index.h"

#include <bit>
#include <utility>

#include "base/assert.h"

namespace carillon::history {

ChannelIndex::ChannelIndex(std::uint32_t channels_max, const SipKey& key)
    : channels_max_(channels_max), key_(key), pages_(std::size_t{channels_max} * sizeof(Channel*)) {}

Channel* ChannelIndex::find(std::string_view name, std::uint64_t hash) const {
  if (size_ == 0) return nullptr;
  const std::uint8_t fingerprint = fingerprint_of(hash);
  Channel* channel = table()[bucket_of(hash)];
  while (channel && (channel->fingerprint != fingerprint || channel->name() != name)) channel = channel->next;
  return channel;
}

void ChannelIndex::make_room() {
  if (size_ == buckets_) pages_.commit((std::size_t{buckets_} + 1) * sizeof(Channel*));
}

void ChannelIndex::add(Channel& channel, std::uint64_t hash) {
  CARILLON_ASSERT(size_ < channels_max_);
  if (size_ == buckets_) add_bucket();
  Channel*& first = table()[bucket_of(hash)];
  channel.next = std::exchange(first, &channel);
  ++size_;
}

void ChannelIndex::remove(Channel& channel) {
  Channel** link = &table()[bucket_of(hash_of(channel.name()))];
  while (*link != &channel) {
    CARILLON_ASSERT(*link);
    link = &(*link)->next;
  }
  *link = channel.next;
  --size_;
}

// Uses as many low bits as the number of buckets has; a bucket beyond the last one is not split off yet, so
// its names are found with one bit less.
std::uint32_t ChannelIndex::bucket_of(std::uint64_t hash) const {
  const std::uint32_t mask = std::bit_ceil(buckets_) - 1;
  const std::uint32_t bucket = static_cast<std::uint32_t>(hash) & mask;
  return bucket < buckets_ ? bucket : bucket & (mask >> 1);
}

// Splits the bucket whose number lacks the new bucket's highest bit: the names whose hash has that bit move.
void ChannelIndex::add_bucket() {
  const std::uint32_t added = buckets_++;
  if (added == 0) return;
  Channel* rest = std::exchange(table()[added & ~std::bit_floor(added)], nullptr);
  while (rest) {
    Channel* const moving = rest;
    Channel*& first = table()[bucket_of(hash_of(moving->name()))];
    rest = std::exchange(moving->next, first);
    first = moving;
  }
}

}  // namespace carillon::history
