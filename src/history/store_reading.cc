// The part of the Store that reads and changes nothing.
#include <algorithm>

#include "event/channel_name.h"
#include "history/store.h"

namespace carillon::history {

Reading Store::after(std::string_view name, const After& query, WallTime now) const {
  const Channel* const channel = index_.find(name, index_.hash_of(name));
  if (!channel && !rule_of(name)) return tl::unexpected(NotRecovered::no_history);
  if (query.number < gap_floor_) return tl::unexpected(NotRecovered::gap);
  if (query.number < (channel ? channel->floor : folded_floor_)) return tl::unexpected(NotRecovered::evicted);
  return channel ? collect(*channel, query, now) : Records{};
}

// It begins with the newest event, so that it visits only those after the position, however many there are
// before it.
Reading Store::collect(const Channel& channel, const After& query, WallTime now) const {
  Records found;
  std::uint64_t bytes = 0;
  for (RecordList::Walk walk(channel.records); const Record* record = walk.record(); walk.to_older()) {
    if (record->number() <= query.number) break;
    if (is_too_old(*record, rule_of(channel), now)) return tl::unexpected(NotRecovered::evicted);
    if ((query.mask & mask_of(record->tag())) == 0) continue;
    bytes += record->frame().size();
    if (found.size() == query.limits.events_max || bytes > query.limits.bytes_max) {
      return tl::unexpected(NotRecovered::too_many);
    }
    found.push_back(walk.reference());
  }
  std::reverse(found.begin(), found.end());
  return found;
}

Reading Store::last(std::string_view name, std::size_t count, TagMask mask, WallTime now) const {
  const Channel* const channel = index_.find(name, index_.hash_of(name));
  if (!channel) return rule_of(name) ? Reading(Records{}) : tl::unexpected(NotRecovered::no_history);
  Records found;
  for (RecordList::Walk walk(channel->records); const Record* record = walk.record(); walk.to_older()) {
    if (found.size() == count || record->number() <= gap_floor_) break;
    if (is_too_old(*record, rule_of(*channel), now)) break;
    if ((mask & mask_of(record->tag())) != 0) found.push_back(walk.reference());
  }
  std::reverse(found.begin(), found.end());
  return found;
}

Snapshot Store::snapshot() const {
  Snapshot all{gap_floor_, folded_floor_, {}};
  for (std::uint32_t bucket = 0; bucket < index_.buckets(); ++bucket) {
    for (const Channel* channel = index_.first_in(bucket); channel; channel = channel->next) {
      all.channels.push_back({std::string(channel->name()), channel->floor, {}});
      std::vector<Ref<const Record>>& records = all.channels.back().records;
      for (RecordList::Walk walk(channel->records); const Record* record = walk.record(); walk.to_older()) {
        if (record->number() <= gap_floor_) break;
        records.push_back(walk.reference());
      }
    }
  }
  return all;
}

std::optional<std::uint64_t> Store::floor(std::string_view name) const {
  const Channel* const channel = index_.find(name, index_.hash_of(name));
  if (!channel && !rule_of(name)) return std::nullopt;
  return std::max(gap_floor_, channel ? channel->floor : folded_floor_);
}

std::optional<std::uint16_t> Store::rule_of(std::string_view name) const {
  if (name.size() > kChannelNameBytesMax) return std::nullopt;  // no pattern is meant for it
  const auto rule =
      std::find_if(rules_.begin(), rules_.end(), [&](const Rule& each) { return each.channels.match(name); });
  if (rule == rules_.end()) return std::nullopt;
  return static_cast<std::uint16_t>(rule - rules_.begin());
}

}  // namespace carillon::history
