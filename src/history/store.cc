#include "history/store.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/assert.h"
#include "base/soft_allocation.h"

namespace carillon::history {

Store::Store(Budget& budget, std::vector<Rule> rules, const SipKey& key)
    : ChannelOwner(budget.next_order()),
      budget_(budget),
      rules_(std::move(rules)),
      index_(budget.limits().channels_max, key) {
  CARILLON_ASSERT(rules_.size() <= std::numeric_limits<std::uint16_t>::max());
}

Store::~Store() {
  for (std::uint32_t bucket = 0; bucket < index_.buckets(); ++bucket) {
    for (Channel* next = index_.first_in(bucket); next;) {
      Channel* const channel = std::exchange(next, next->next);
      budget_.forget_channel(*channel);
      Channel::destroy(channel);
    }
  }
}

Store::Appended Store::append(std::string_view name, const Event& event) {
  const std::uint64_t hash = index_.hash_of(name);
  Channel* channel = index_.find(name, hash);
  const auto rule = channel ? channel->rule : rule_of(name);
  if (!rule) return Appended::no_rule;
  if (event.number <= highest_) {
    budget_.count_out_of_order();
    raise_floor(highest_);
    return Appended::out_of_order;
  }
  highest_ = event.number;
  Ref<const Record> record = Record::try_make(event);
  if (channel && record) {
    channel->records.push_newest(record);
    budget_.add_record(*channel, *record);
  } else if (!record || !try_allocate(0, [&] { channel = &add_channel(name, hash, *rule, record); })) {
    lose_channel(channel, event.number);
    return Appended::no_memory;
  }
  enforce_rule(*channel, event.received);
  budget_.enforce();
  return Appended::appended;
}

// Everything that may throw comes first.
Channel& Store::add_channel(std::string_view name, std::uint64_t hash, std::uint16_t rule,
                            Ref<const Record> first) {
  budget_.make_room_for_channel();
  index_.make_room();
  Channel& channel = *Channel::make(name, ChannelIndex::fingerprint_of(hash), rule, *this);
  channel.floor = folded_floor_;
  channel.records.push_newest(std::move(first));
  index_.add(channel, hash);
  budget_.add_channel(channel);
  return channel;
}

// An event could not be retained. What its channel has from before it is of no use for a reading.
void Store::lose_channel(Channel* channel, std::uint64_t number) {
  if (channel) {
    while (evict_oldest(*channel, Eviction::memory)) continue;
  }
  raise_folded_floor(number);
}

void Store::raise_folded_floor(std::uint64_t number) {
  if (number <= folded_floor_) return;
  folded_floor_ = number;
  budget_.count_raised_floor();
}

void Store::raise_channel_floor(std::string_view name, std::uint64_t number) {
  Channel* const channel = index_.find(name, index_.hash_of(name));
  if (!channel) return raise_folded_floor(number);
  channel->floor = std::max(channel->floor, number);
}

void Store::raise_floor(std::uint64_t number) {
  if (number <= gap_floor_) return;
  gap_floor_ = number;
  highest_ = std::max(highest_, number);
  budget_.count_raised_floor();
}

bool Store::evict_oldest(Channel& channel, Eviction why) {
  const Ref<const Record> evicted = channel.records.pop_oldest();
  channel.floor = evicted->number();
  budget_.remove_record(channel, *evicted, why);
  if (!channel.records.empty()) return true;
  raise_folded_floor(channel.floor);
  index_.remove(channel);
  budget_.remove_channel(channel);
  Channel::destroy(&channel);
  return false;
}

// The channel may be gone afterwards.
void Store::enforce_rule(Channel& channel, WallTime now) {
  const Rule& rule = rule_of(channel);
  while (channel.records.size() > rule.events) {
    if (!evict_oldest(channel, Eviction::count)) return;
  }
  while (channel.records.bytes() > rule.bytes) {
    if (!evict_oldest(channel, Eviction::bytes)) return;
  }
  expire_channel(channel, kExpiredPerAppend, now);
}

// Returns how many events it evicted. The channel may be gone afterwards.
std::uint32_t Store::expire_channel(Channel& channel, std::uint32_t events_max, WallTime now) {
  const Rule& rule = rule_of(channel);
  for (std::uint32_t evicted = 0; evicted < events_max; ++evicted) {
    if (!is_too_old(*channel.records.oldest(), rule, now)) return evicted;
    if (!evict_oldest(channel, Eviction::age)) return evicted + 1;
  }
  return events_max;
}

void Store::expire(WallTime now) {
  std::uint32_t left = kExpiredPerCall;
  for (std::uint32_t visited = 0; visited < std::min(kBucketsPerExpire, index_.buckets()); ++visited) {
    for (Channel* next = index_.first_in(expire_at_); next;) {
      Channel& channel = *std::exchange(next, next->next);
      left -= expire_channel(channel, left, now);
      if (left == 0) return;  // the next call continues with this bucket
    }
    expire_at_ = expire_at_ + 1 < index_.buckets() ? expire_at_ + 1 : 0;
  }
}

}  // namespace carillon::history
