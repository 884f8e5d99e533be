#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/pages.h"
#include "base/sip_hash.h"
#include "history/channel.h"

namespace carillon::history {

// ChannelIndex: finds the channels of one Store by name. It does not own them.
//
// Thread: the Store's. With each channel beyond the previous maximum the table grows by one bucket, which
// splits only one existing bucket (linear hashing, as in fanout's SubscriptionIndex), so that no append waits
// for a table to be copied. The table does not shrink. Publishers choose the names, so the hash has a key
// that they do not know.
class ChannelIndex {
 public:
  // Reserves address space for `channels_max`; throws AddressSpaceRefused. `key` is secret.
  ChannelIndex(std::uint32_t channels_max, const SipKey& key);

  static constexpr std::size_t kBytesPerChannel = sizeof(Channel*);

  std::uint64_t hash_of(std::string_view name) const { return sip_hash_1_3(key_, name); }
  static std::uint8_t fingerprint_of(std::uint64_t hash) { return static_cast<std::uint8_t>(hash >> 56); }

  // Returns null when there is no such channel. The name may be any bytes.
  Channel* find(std::string_view name, std::uint64_t hash) const;

  // Makes sure that add() succeeds once. Throws std::bad_alloc, and then nothing has changed.
  void make_room();
  // CARILLON_ASSERTs that there is room. No channel of this name may be in the index.
  void add(Channel& channel, std::uint64_t hash);
  // The channel must be in the index.
  void remove(Channel& channel);

  // To visit all channels: the first of each bucket, from which Channel::next leads to the others.
  std::uint32_t buckets() const { return buckets_; }
  Channel* first_in(std::uint32_t bucket) const { return table()[bucket]; }

 private:
  Channel** table() const { return static_cast<Channel**>(const_cast<void*>(pages_.address())); }
  std::uint32_t bucket_of(std::uint64_t hash) const;
  void add_bucket();

  const std::uint32_t channels_max_;
  const SipKey key_;
  std::uint32_t size_ = 0;
  std::uint32_t buckets_ = 0;  // the maximum number of channels so far
  ReservedPages pages_;        // the buckets
};

}  // namespace carillon::history
