#include "client/http_connections.h"

#include <functional>
#include <string_view>

#include "base/assert.h"

namespace carillon::client {

std::size_t HttpConnections::HashAddress::operator()(const IpAddress& address) const noexcept {
  const auto& bytes = address.bytes();
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

bool HttpConnections::has_room_for(const IpAddress& address) const {
  const auto found = addresses_.find(address);
  return !limits_.of_one_address || found == addresses_.end() ||
         found->second.size() < *limits_.of_one_address;
}

HttpConnections::Place HttpConnections::enter(Index index, MonoTime now) {
  if (unused_.empty()) unused_.emplace_back();
  const Handle entry = unused_.begin();
  Entries& waiting = list_of(Standing::waiting);
  waiting.splice(waiting.end(), unused_, entry);
  *entry = {index, Standing::waiting, false, 0, now, {}};
  ++size_;
  return {*this, entry};
}

void HttpConnections::count_for(const Place& place, const IpAddress& address) {
  if (!place.owner_ || !counts_addresses()) return;
  Entry& entry = *place.entry_;
  CARILLON_ASSERT(!entry.counted);
  std::vector<Handle>& all = addresses_[address];
  entry.address = address;
  entry.counted = true;
  entry.position = all.size();
  all.push_back(place.entry_);
}

std::optional<HttpConnections::Index> HttpConnections::first_to_close(MonoTime now) const {
  if (const Entries& idle = list_of(Standing::idle); !idle.empty()) return idle.front().index;
  const Entries& waiting = list_of(Standing::waiting);
  if (waiting.empty() || !has_waited(waiting.front(), now)) return std::nullopt;
  return waiting.front().index;
}

// Looks at no more than of_one_address entries.
std::optional<HttpConnections::Index> HttpConnections::first_to_close_of(const IpAddress& address,
                                                                         MonoTime now) const {
  const auto found = addresses_.find(address);
  if (found == addresses_.end()) return std::nullopt;
  const Entry* first = nullptr;
  for (const Handle& each : found->second) {
    const bool is_idle = each->standing == Standing::idle;
    if (!is_idle && (each->standing != Standing::waiting || !has_waited(*each, now))) continue;
    const bool first_is_idle = first && first->standing == Standing::idle;
    const bool sooner = !first || (is_idle == first_is_idle ? each->since < first->since : is_idle);
    if (sooner) first = &*each;
  }
  return first ? std::optional(first->index) : std::nullopt;
}

void HttpConnections::move(Handle entry, Standing standing) {
  Entries& to = list_of(standing);
  to.splice(to.end(), list_of(entry->standing), entry);
  entry->standing = standing;
}

void HttpConnections::leave(Handle entry) {
  if (entry->counted) uncount(entry);
  unused_.splice(unused_.begin(), list_of(entry->standing), entry);
  --size_;
}

void HttpConnections::uncount(Handle entry) {
  const auto found = addresses_.find(entry->address);
  CARILLON_ASSERT(found != addresses_.end());
  std::vector<Handle>& all = found->second;
  all[entry->position] = all.back();
  all[entry->position]->position = entry->position;
  all.pop_back();
  if (all.empty()) addresses_.erase(found);
}

}  // namespace carillon::client
