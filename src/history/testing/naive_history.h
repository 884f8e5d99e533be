// The history as one would write it without a thought of memory or time: it keeps every event for ever, and
// of each channel how many of the oldest ones are evicted. The model test compares the Store with it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "history/testing/stage.h"

namespace carillon::history::testing {

struct NaiveEvent {
  std::uint64_t number;
  Tag tag;
  WallTime received;
  std::uint64_t frame_bytes;
  std::uint64_t memory;
};

struct NaiveChannel {
  std::vector<NaiveEvent> events;  // everything that was ever published, evicted or not
  std::size_t evicted = 0;         // how many of the oldest ones are
  std::uint64_t floor = 0;
  std::uint64_t latest_append = 0;
  const Rule* rule = nullptr;

  bool is_there() const { return evicted < events.size(); }
  const NaiveEvent& oldest() const { return events[evicted]; }
  std::uint64_t size() const { return events.size() - evicted; }
  std::uint64_t bytes() const {
    std::uint64_t bytes = 0;
    for (std::size_t i = evicted; i < events.size(); ++i) bytes += events[i].memory;
    return bytes;
  }
};

struct NaiveStore {
  std::vector<Rule> rules;
  std::map<std::string, NaiveChannel, std::less<>> channels;
  std::uint64_t folded_floor = 0;
  std::uint64_t gap_floor = 0;
  std::uint64_t highest = 0;

  const Rule* rule_of(const std::string& name) const {
    for (const Rule& each : rules) {
      if (each.channels.match(name)) return &each;
    }
    return nullptr;
  }
};

class NaiveHistory {
 public:
  // The rules of each store.
  NaiveHistory(std::vector<std::vector<Rule>> rules, const BudgetLimits& limits)
      : limits_(limits), rules_(std::move(rules)), stores_(rules_.size()) {
    for (std::size_t i = 0; i < rules_.size(); ++i) stores_[i].rules = rules_[i];
  }

  // Replaces the last store by a new one, which is still the last in order.
  void renew_last_store() {
    stores_.back() = {};
    stores_.back().rules = rules_.back();
  }

  NaiveStore& store(std::size_t i) { return stores_[i]; }

  Store::Appended append(std::size_t store, const std::string& name, const NaiveEvent& event,
                         bool is_memory_left);
  void expire(std::size_t store, WallTime now);
  // What a reading must show. It looks back from the newest event, as the Store is documented to do.
  std::string after(std::size_t store, const std::string& name, const After& query, WallTime now);
  std::string last(std::size_t store, const std::string& name, std::size_t count, TagMask mask, WallTime now);
  // The complete truth after a position, evicted or not.
  std::string everything_after(std::size_t store, const std::string& name, const After& query);

  std::uint64_t bytes() const;
  std::uint64_t events() const;
  std::uint64_t channels() const;
  std::uint64_t evicted_by(Eviction why) const { return evicted_[static_cast<std::size_t>(why)]; }

 private:
  // Calls `visit` with each store and each channel that is there.
  template <class Visit>
  void for_each(Visit&& visit) {
    for (NaiveStore& store : stores_) {
      for (auto& [name, channel] : store.channels) {
        if (channel.is_there()) visit(store, channel);
      }
    }
  }
  void evict(NaiveStore& store, NaiveChannel& channel, Eviction why) {
    ++evicted_[static_cast<std::size_t>(why)];
    channel.floor = channel.oldest().number;
    ++channel.evicted;
    if (!channel.is_there()) store.folded_floor = std::max(store.folded_floor, channel.floor);
  }
  void evict_idle_channels();
  void enforce_rule(NaiveStore& store, NaiveChannel& channel, WallTime now);
  void enforce_budget();
  static bool is_too_old(const NaiveChannel& channel, const NaiveEvent& event, WallTime now) {
    return now - event.received > channel.rule->age;
  }

  const BudgetLimits limits_;
  const std::vector<std::vector<Rule>> rules_;
  std::vector<NaiveStore> stores_;
  std::array<std::uint64_t, kEvictions> evicted_{};
  std::uint64_t appends_ = 0;
};

inline Store::Appended NaiveHistory::append(std::size_t i, const std::string& name, const NaiveEvent& event,
                                            bool is_memory_left) {
  NaiveStore& store = stores_[i];
  const Rule* const rule = store.rule_of(name);
  if (!rule) return Store::Appended::no_rule;
  if (event.number <= store.highest) {
    store.gap_floor = store.highest;
    return Store::Appended::out_of_order;
  }
  store.highest = event.number;
  NaiveChannel& channel = store.channels[name];
  channel.rule = rule;
  if (!is_memory_left) {
    while (channel.is_there()) evict(store, channel, Eviction::memory);
    channel.events.push_back(event);
    channel.evicted = channel.events.size();
    store.folded_floor = std::max(store.folded_floor, event.number);
    return Store::Appended::no_memory;
  }
  if (!channel.is_there()) {
    evict_idle_channels();
    channel.floor = store.folded_floor;
  }
  channel.events.push_back(event);
  channel.latest_append = ++appends_;
  enforce_rule(store, channel, event.received);
  enforce_budget();
  return Store::Appended::appended;
}

inline void NaiveHistory::evict_idle_channels() {
  while (channels() >= limits_.channels_max) {
    std::pair<NaiveStore*, NaiveChannel*> idle{};
    for_each([&](NaiveStore& store, NaiveChannel& channel) {
      if (!idle.second || channel.latest_append < idle.second->latest_append) idle = {&store, &channel};
    });
    while (idle.second->is_there()) evict(*idle.first, *idle.second, Eviction::channels);
  }
}

inline void NaiveHistory::enforce_rule(NaiveStore& store, NaiveChannel& channel, WallTime now) {
  while (channel.size() > channel.rule->events) evict(store, channel, Eviction::count);
  while (channel.bytes() > channel.rule->bytes) evict(store, channel, Eviction::bytes);
  for (std::uint32_t n = 0; n < Store::kExpiredPerAppend && channel.is_there(); ++n) {
    if (!is_too_old(channel, channel.oldest(), now)) break;
    evict(store, channel, Eviction::age);
  }
}

inline void NaiveHistory::enforce_budget() {
  while (bytes() > limits_.bytes_max) {
    std::pair<NaiveStore*, NaiveChannel*> oldest{};
    for_each([&](NaiveStore& store, NaiveChannel& channel) {
      const bool precedes = !oldest.second || channel.oldest().number < oldest.second->oldest().number;
      if (precedes) oldest = {&store, &channel};
    });
    if (!oldest.second) return;
    evict(*oldest.first, *oldest.second, Eviction::budget);
  }
}

inline void NaiveHistory::expire(std::size_t i, WallTime now) {
  for (auto& [name, channel] : stores_[i].channels) {
    while (channel.is_there() && is_too_old(channel, channel.oldest(), now)) {
      evict(stores_[i], channel, Eviction::age);
    }
  }
}

inline std::string NaiveHistory::after(std::size_t i, const std::string& name, const After& query,
                                       WallTime now) {
  NaiveStore& store = stores_[i];
  if (!store.rule_of(name)) return "no_history";
  if (query.number < store.gap_floor) return "gap";
  const NaiveChannel& channel = store.channels[name];
  if (query.number < (channel.is_there() ? channel.floor : store.folded_floor)) return "evicted";
  std::size_t events = 0;
  std::uint64_t bytes = 0;
  for (std::size_t at = channel.events.size(); at-- > channel.evicted;) {
    const NaiveEvent& event = channel.events[at];
    if (event.number <= query.number) break;
    if (is_too_old(channel, event, now)) return "evicted";
    if ((query.mask & mask_of(event.tag)) == 0) continue;
    bytes += event.frame_bytes;
    if (++events > query.limits.events_max || bytes > query.limits.bytes_max) return "too_many";
  }
  return everything_after(i, name, query);
}

inline std::string NaiveHistory::everything_after(std::size_t i, const std::string& name,
                                                  const After& query) {
  std::string numbers;
  for (const NaiveEvent& event : stores_[i].channels[name].events) {
    if (event.number <= query.number || (query.mask & mask_of(event.tag)) == 0) continue;
    numbers += (numbers.empty() ? "" : " ") + std::to_string(event.number);
  }
  return numbers;
}

inline std::string NaiveHistory::last(std::size_t i, const std::string& name, std::size_t count, TagMask mask,
                                      WallTime now) {
  if (!stores_[i].rule_of(name)) return "no_history";
  const NaiveChannel& channel = stores_[i].channels[name];
  std::vector<std::uint64_t> found;
  for (std::size_t at = channel.events.size(); at-- > channel.evicted && found.size() < count;) {
    const NaiveEvent& event = channel.events[at];
    if (event.number <= stores_[i].gap_floor || is_too_old(channel, event, now)) break;
    if ((mask & mask_of(event.tag)) != 0) found.insert(found.begin(), event.number);
  }
  std::string numbers;
  for (const std::uint64_t number : found) numbers += (numbers.empty() ? "" : " ") + std::to_string(number);
  return numbers;
}

inline std::uint64_t NaiveHistory::bytes() const {
  const auto block = [](std::uint64_t size) { return std::max<std::uint64_t>(32, (size + 23) / 16 * 16); };
  std::uint64_t bytes = 0;
  for (const NaiveStore& store : stores_) {
    for (const auto& [name, channel] : store.channels) {
      if (channel.is_there()) bytes += channel.bytes() + block(80 + name.size()) + 24;
    }
  }
  return bytes;
}

inline std::uint64_t NaiveHistory::events() const {
  std::uint64_t events = 0;
  for (const NaiveStore& store : stores_) {
    for (const auto& [name, channel] : store.channels) events += channel.size();
  }
  return events;
}

inline std::uint64_t NaiveHistory::channels() const {
  std::uint64_t channels = 0;
  for (const NaiveStore& store : stores_) {
    for (const auto& [name, channel] : store.channels) channels += channel.is_there() ? 1U : 0U;
  }
  return channels;
}

}  // namespace carillon::history::testing
