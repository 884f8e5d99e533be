#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "base/pages.h"
#include "base/sip_hash.h"
#include "fanout/fan_out.h"

namespace carillon::fanout {

// SubscriptionIndex: the channels of one endpoint with subscribers on this shard, by name.
//
// Thread: the shard's. A channel exists from its first subscriber on. When the last one has left, for
// whatever reason, the engine reports its log as deserted, and end() removes it. At most `channels_max`
// channels.
//
// A channel costs its log's record, one allocation for its name, and 4 bytes in a table of buckets. With each
// channel beyond the previous maximum the table grows by one bucket, which splits only one existing bucket
// (linear hashing: Litwin, "Linear hashing: a new tool for file and table addressing", 1980). Growth
// therefore never copies the table or stops the loop, whatever the number of channels, and memory is reused.
// Clients choose the names, so the hash has a key that they do not know.
class SubscriptionIndex {
 public:
  // Its logs have `owner`, and each the policy that its name has when it is added. `key` is secret: it
  // decides which names share a bucket.
  SubscriptionIndex(FanOut& fan_out, ChannelPolicies policies, std::uint32_t channels_max, const SipKey& key,
                    LogOwner owner = 0)
      : fan_out_(fan_out),
        policies_(std::move(policies)),
        owner_(owner),
        channels_max_(channels_max),
        key_(key) {}

  // Replaces the policies, also those of the logs that there are. When the patterns have changed it matches
  // every channel, in one go.
  void set_policies(const ChannelPolicies& policies);

  enum class Outcome { subscribed, already, unsubscribed, was_not, too_many_channels };
  // The name must be a valid channel name in length (event/channel_name.h).
  Outcome subscribe(SubscriberId subscriber, std::string_view channel);
  Outcome unsubscribe(SubscriberId subscriber, std::string_view channel);

  std::optional<LogId> find(std::string_view channel) const;

  // To look up many names in lockstep, so that their cache misses overlap: call hash_of() for all of them,
  // then prefetch_bucket() for all, prefetch_log() for all, prefetch_name() for all, and find() with the
  // hashes. Each step prefetches what the next one reads.
  std::uint64_t hash_of(std::string_view channel) const { return sip_hash_1_3(key_, channel); }
  void prefetch_bucket(std::uint64_t hash) const;
  void prefetch_log(std::uint64_t hash) const;
  void prefetch_name(std::uint64_t hash) const;
  std::optional<LogId> find(std::string_view channel, std::uint64_t hash) const;

  std::size_t size() const { return size_; }
  // Removes a log without subscribers. Returns false when the log belongs to another index or has a
  // subscriber again.
  bool end(LogId log);

 private:
  using Link = std::uint32_t;  // a log's id plus one; 0: none

  // The low bits of a hash select the bucket, the high bits the log in it.
  static std::uint8_t fingerprint_of(std::uint64_t hash) { return static_cast<std::uint8_t>(hash >> 56); }
  std::uint32_t bucket_of(std::uint64_t hash) const;
  Link* links() const { return static_cast<Link*>(pages_->address()); }
  LogId add(std::string_view channel, std::uint64_t hash);
  void add_bucket();

  FanOut& fan_out_;
  ChannelPolicies policies_;
  const LogOwner owner_;
  const std::uint32_t channels_max_;
  const SipKey key_;
  std::uint32_t size_ = 0;
  std::uint32_t buckets_ = 0;             // the maximum number of channels so far
  std::unique_ptr<ReservedPages> pages_;  // the buckets; reserved with the first channel
};

}  // namespace carillon::fanout
