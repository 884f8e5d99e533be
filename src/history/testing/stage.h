// What the tests of the history share: a budget and stores on it, events that are easy to make, and readings
// that are easy to compare.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "history/store.h"

namespace carillon::history::testing {

inline constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();
inline constexpr std::uint32_t kMany = 1'000'000;
inline constexpr ReadingLimits kEverything{kMany, kUnlimited};
inline constexpr SipKey kKey{1, 2};

inline Rule rule(std::string_view pattern, std::uint32_t events = kMany, milliseconds age = seconds(3600),
                 std::uint64_t bytes = kUnlimited) {
  return {*ChannelPattern::parse(pattern), events, age, bytes};
}

inline WallTime at(std::int64_t ms) { return WallTime(milliseconds(1'000'000'000 + ms)); }

// The numbers of a reading as text, or why it was refused: "3 4 5", "", "evicted".
inline std::string shown(const Reading& reading) {
  if (!reading) {
    switch (reading.error()) {
      case NotRecovered::no_history:
        return "no_history";
      case NotRecovered::evicted:
        return "evicted";
      case NotRecovered::gap:
        return "gap";
      case NotRecovered::too_many:
        return "too_many";
    }
  }
  std::string numbers;
  for (const auto& record : *reading) {
    numbers += (numbers.empty() ? "" : " ") + std::to_string(record->number());
  }
  return numbers;
}

// What an event of a Stage occupies, and a channel whose name has at most 8 bytes: its block, and 24 bytes in
// arrays.
inline constexpr std::uint64_t kRecord = 80;
inline constexpr std::uint64_t kChannel = 96 + 24;

// One store on a budget of its own.
struct Stage {
  explicit Stage(std::vector<Rule> rules, const BudgetLimits& limits = {kUnlimited, 1000})
      : budget(limits), store(budget, std::move(rules), kKey) {}

  Store::Appended append(std::string_view channel, std::uint64_t number, Tag tag = 0) {
    return append_to(store, channel, number, tag);
  }
  Store::Appended append_to(Store& to, std::string_view channel, std::uint64_t number, Tag tag = 0) const {
    return to.append(channel, {number, tag, now, frame, 2, frame.substr(2)});
  }
  std::string after(std::string_view channel, std::uint64_t number, TagMask mask = kAllTags) const {
    return shown(store.after(channel, {number, mask, kEverything}, now));
  }
  std::string last(std::string_view channel, std::size_t count, TagMask mask = kAllTags) const {
    return shown(store.last(channel, count, mask, now));
  }
  std::uint64_t floor(std::string_view channel) const { return store.floor(channel).value_or(kUnlimited); }
  std::uint64_t evicted(Eviction why) const { return budget.counters().evicted_by(why).get(); }
  std::uint64_t events() const { return budget.counters().events.get(); }
  std::uint64_t bytes() const { return budget.counters().bytes.get(); }
  std::uint64_t channels() const { return budget.counters().channels.get(); }

  Budget budget;
  Store store;
  WallTime now = at(0);
  // A record of it occupies kRecord bytes.
  std::string_view frame = "\x81\x16{\"a\":\"bcdefghijklmno\"}";
};

}  // namespace carillon::history::testing
