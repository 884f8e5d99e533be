#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/pages.h"
#include "base/sip_hash.h"
#include "fanout/fan_out.h"

namespace carillon::fanout {

// SubscriptionIndex: the channels of one endpoint with subscribers on this shard, by name.
//
// Thread: the shard's. A channel exists from its first subscriber on; once the last has left, by whatever
// way, the engine calls its log deserted, and end() takes it away. At most `channels_max`.
//
// A channel costs its log's record, one allocation for its name, and 4 bytes here: a table of buckets that
// grows by one with each channel beyond the most there have been, and then only divides one of them (linear
// hashing: Litwin, "Linear hashing: a new tool for file and table addressing", 1980). So no growth copies a
// table or stops the loop, whatever the number of channels, and what once was used is used again. Names are
// the clients' choice, so where they meet depends on a key that they do not know.
class SubscriptionIndex {
 public:
  // Its logs have `policy` and `owner`. `key` is secret: it decides which names share a bucket.
  SubscriptionIndex(FanOut& fan_out, PolicyId policy, std::uint32_t channels_max, const SipKey& key,
                    LogOwner owner = 0)
      : fan_out_(fan_out), policy_(policy), owner_(owner), channels_max_(channels_max), key_(key) {}

  enum class Outcome { subscribed, already, unsubscribed, was_not, too_many_channels };
  // The name is as long as a channel's may be (event/channel_name.h).
  Outcome subscribe(SubscriberId subscriber, std::string_view channel);
  Outcome unsubscribe(SubscriberId subscriber, std::string_view channel);

  std::optional<LogId> find(std::string_view channel) const;

  // Looks up many names in lockstep, prefetching, so that the cache misses overlap; each step prefetches
  // what the next one reads, so that all of them wait for it together: first hash_of() each of them, and then
  // prefetch_bucket(), prefetch_log(), prefetch_name() and find() with the hashes.
  std::uint64_t hash_of(std::string_view channel) const { return sip_hash_1_3(key_, channel); }
  void prefetch_bucket(std::uint64_t hash) const;
  void prefetch_log(std::uint64_t hash) const;
  void prefetch_name(std::uint64_t hash) const;
  std::optional<LogId> find(std::string_view channel, std::uint64_t hash) const;

  std::size_t size() const { return size_; }
  // Removes a log without subscribers. Returns false when it is not of this index, or has a subscriber again.
  bool end(LogId log);

 private:
  using Link = std::uint32_t;  // a log's id plus one; 0: none

  // Of a hash the low bits say which bucket, and the high ones which log in it.
  static std::uint8_t fingerprint_of(std::uint64_t hash) { return static_cast<std::uint8_t>(hash >> 56); }
  std::uint32_t bucket_of(std::uint64_t hash) const;
  Link* links() const { return static_cast<Link*>(pages_->address()); }
  LogId add(std::string_view channel, std::uint64_t hash);
  void add_bucket();

  FanOut& fan_out_;
  const PolicyId policy_;
  const LogOwner owner_;
  const std::uint32_t channels_max_;
  const SipKey key_;
  std::uint32_t size_ = 0;
  std::uint32_t buckets_ = 0;             // the most channels there have been
  std::unique_ptr<ReservedPages> pages_;  // the buckets; with the first channel
};

}  // namespace carillon::fanout
