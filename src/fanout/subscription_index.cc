#include "fanout/subscription_index.h"

#include <bit>

namespace carillon::fanout {

SubscriptionIndex::Outcome SubscriptionIndex::subscribe(SubscriberId subscriber, std::string_view channel) {
  const std::uint64_t hash = hash_of(channel);
  std::optional<LogId> log = find(channel, hash);
  if (!log) {
    if (size_ >= channels_max_ || !fan_out_.has_room_for_log()) return Outcome::too_many_channels;
    log = add(channel, hash);
  }
  const bool added = fan_out_.subscribe(subscriber, *log);
  if (!added && fan_out_.subscribers_of(*log) == 0)
    end(*log);  // a finishing subscriber subscribes to nothing
  return added ? Outcome::subscribed : Outcome::already;
}

SubscriptionIndex::Outcome SubscriptionIndex::unsubscribe(SubscriberId subscriber, std::string_view channel) {
  const std::optional<LogId> log = find(channel);
  if (!log || !fan_out_.unsubscribe(subscriber, *log)) return Outcome::was_not;
  end(*log);
  return Outcome::unsubscribed;
}

std::optional<LogId> SubscriptionIndex::find(std::string_view channel) const {
  return size_ == 0 ? std::nullopt : find(channel, hash_of(channel));
}

std::optional<LogId> SubscriptionIndex::find(std::string_view channel, std::uint64_t hash) const {
  if (size_ == 0) return std::nullopt;
  const std::uint8_t fingerprint = fingerprint_of(hash);
  for (Link link = links()[bucket_of(hash)]; link != 0;) {
    const LogNote& note = fan_out_.note_of(link - 1);
    if (note.fingerprint == fingerprint && note.name.text() == channel) return link - 1;
    link = note.next;
  }
  return std::nullopt;
}

// Reads far ahead: few records and names of a million channels are in the cache.
void SubscriptionIndex::set_policies(const ChannelPolicies& policies) {
  if (policies == policies_) return;
  policies_ = policies;
  if (size_ == 0) return;
  constexpr std::uint32_t kLogAhead = 16;
  constexpr std::uint32_t kNameAhead = 8;
  const auto link_at = [this](std::uint32_t bucket) { return bucket < buckets_ ? links()[bucket] : 0; };
  for (std::uint32_t bucket = 0; bucket < buckets_; ++bucket) {
    if (const Link ahead = link_at(bucket + kLogAhead); ahead != 0) fan_out_.prefetch(ahead - 1);
    if (const Link ahead = link_at(bucket + kNameAhead); ahead != 0) {
      fan_out_.note_of(ahead - 1).name.prefetch();
    }
    for (Link link = links()[bucket]; link != 0; link = fan_out_.note_of(link - 1).next) {
      fan_out_.set_policy(link - 1, policies_.of(fan_out_.note_of(link - 1).name.text()));
    }
  }
}

void SubscriptionIndex::prefetch_bucket(std::uint64_t hash) const {
  if (size_ > 0) __builtin_prefetch(&links()[bucket_of(hash)]);
}

// Prefetches only the first log of the bucket: few lookups go beyond it.
void SubscriptionIndex::prefetch_log(std::uint64_t hash) const {
  if (size_ == 0) return;
  if (const Link first = links()[bucket_of(hash)]; first != 0) fan_out_.prefetch(first - 1);
}

void SubscriptionIndex::prefetch_name(std::uint64_t hash) const {
  if (size_ == 0) return;
  if (const Link first = links()[bucket_of(hash)]; first != 0) fan_out_.note_of(first - 1).name.prefetch();
}

bool SubscriptionIndex::end(LogId log) {
  LogNote& note = fan_out_.note_of(log);
  if (size_ == 0 || note.name.empty() || fan_out_.subscribers_of(log) > 0) return false;
  Link* link = &links()[bucket_of(hash_of(note.name.text()))];
  while (*link != log + 1) {
    if (*link == 0) return false;  // it belongs to another index
    link = &fan_out_.note_of(*link - 1).next;
  }
  *link = note.next;
  note = {};
  --size_;
  fan_out_.remove_log(log);
  return true;
}

LogId SubscriptionIndex::add(std::string_view channel, std::uint64_t hash) {
  if (size_ == buckets_) add_bucket();
  const LogId log = fan_out_.add_log(policies_.of(channel), FanOut::Lifetime::while_subscribed, owner_);
  LogNote& note = fan_out_.note_of(log);
  note.name = LogName(channel);
  note.fingerprint = fingerprint_of(hash);
  Link& first = links()[bucket_of(hash)];
  note.next = std::exchange(first, log + 1);
  ++size_;
  return log;
}

// Uses as many low bits as the number of buckets has; a bucket beyond the last one is not split off yet, so
// its names are found with one bit less.
std::uint32_t SubscriptionIndex::bucket_of(std::uint64_t hash) const {
  const std::uint32_t mask = std::bit_ceil(buckets_) - 1;
  const std::uint32_t bucket = static_cast<std::uint32_t>(hash) & mask;
  return bucket < buckets_ ? bucket : bucket & (mask >> 1);
}

// Splits the bucket whose number lacks the new bucket's highest bit: the names whose hash has that bit move.
void SubscriptionIndex::add_bucket() {
  if (!pages_) pages_ = std::make_unique<ReservedPages>(std::size_t{channels_max_} * sizeof(Link));
  pages_->commit((std::size_t{buckets_} + 1) * sizeof(Link));
  const std::uint32_t added = buckets_++;
  if (added == 0) return;
  Link* const elder = &links()[added & ~std::bit_floor(added)];
  Link rest = std::exchange(*elder, 0);
  while (rest != 0) {
    const Link moving = rest;
    LogNote& note = fan_out_.note_of(moving - 1);
    Link& first = links()[bucket_of(hash_of(note.name.text()))];
    rest = std::exchange(note.next, first);
    first = moving;
  }
}

}  // namespace carillon::fanout
