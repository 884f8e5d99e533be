#include "history_model.h"

#include <algorithm>
#include <limits>

namespace carillon::simulation {
namespace {

// What a record costs beside its frame and body, with what malloc adds.
constexpr std::uint64_t kRecordLeast = 48;
constexpr std::uint64_t kRecordMost = 64;
// What a channel costs without its records.
constexpr std::uint64_t kChannelMost = 150;
// Times of events have milliseconds only.
constexpr auto kRounding = milliseconds(2);
// More than the history needs to find all events that are too old.
constexpr auto kExpiry = seconds(5);

struct Bytes {
  std::uint64_t least;
  std::uint64_t most;
};

// What the templates of the plan (history_plan.cc) put around a body.
Bytes record_bytes(Profile profile, std::uint64_t body) {
  Bytes frame{body + 50, body + 80};
  if (profile == Profile::orion) frame = {body + 85, body + 115};
  // Service's frames do not have the body verbatim, so it is retained beside them.
  const std::uint64_t beside = profile == Profile::service ? body : 0;
  return {frame.least + beside + kRecordLeast, frame.most + beside + kRecordMost};
}

}  // namespace

std::size_t HistoryModel::Channel::first_after(std::uint64_t number) const {
  const auto found =
      std::upper_bound(entries.begin(), entries.end(), number,
                       [](std::uint64_t wanted, const Entry& each) { return wanted < each.number; });
  return static_cast<std::size_t>(found - entries.begin());
}

void HistoryModel::add(Profile profile, std::string_view channel, std::uint64_t number,
                       std::size_t body_bytes) {
  const PlannedRule* const rule = plan_.rule_of(profile, channel);
  if (!rule) return;
  const auto at = channels_.try_emplace({profile, std::string(channel)}, Channel{profile, rule, {}}).first;
  const Bytes bytes = record_bytes(profile, body_bytes);
  at->second.entries.push_back({number, clock_.now, clock_.wall(), bytes.least, bytes.most});
}

const HistoryModel::Channel* HistoryModel::find(Profile profile, std::string_view channel) const {
  const auto found = channels_.find({profile, std::string(channel)});
  return found == channels_.end() ? nullptr : &found->second;
}

bool HistoryModel::has_gap(std::uint64_t after, std::uint64_t until) const {
  return std::any_of(gaps_.begin(), gaps_.end(),
                     [&](std::uint64_t gap) { return gap > after && gap <= until; });
}

std::size_t HistoryModel::count(Profile profile, std::string_view name, std::uint64_t after,
                                std::uint64_t until) const {
  const Channel* const channel = find(profile, name);
  return channel && until > after ? channel->first_after(until) - channel->first_after(after) : 0;
}

std::uint64_t HistoryModel::last_of(Profile profile, std::string_view name, std::uint64_t until) const {
  const Channel* const channel = find(profile, name);
  const std::size_t end = channel ? channel->first_after(until) : 0;
  return end == 0 ? 0 : channel->entries[end - 1].number;
}

// --- age ----------------------------------------------------------------------------------------

// The wall clock may have been set back since, and the event evicted before that.
bool HistoryModel::may_be_too_old(const Channel& channel, const Entry& entry, MonoTime until) const {
  return clock_.latest_wall(entry.at, until) - entry.received + kRounding > channel.rule->age;
}

bool HistoryModel::must_be_too_old(const Channel& channel, const Entry& entry, MonoTime from) const {
  return clock_.earliest_wall(from, clock_.now) - entry.received - kRounding > channel.rule->age;
}

bool HistoryModel::is_expired() const {
  for (const auto& [name, channel] : channels_) {
    for (const Entry& each : channel.entries) {
      if (!must_be_too_old(channel, each, clock_.now - kExpiry)) return false;
    }
  }
  return true;
}

// --- the limits of the process ------------------------------------------------------------------

// The budget evicts in the order of the numbers, so an event is evicted only when it and those after it
// exceed it.
bool HistoryModel::may_exceed_budget(std::uint64_t first, std::uint64_t until) const {
  std::uint64_t bytes = 0;
  for (const auto& [name, channel] : channels_) {
    const std::size_t begin = channel.first_after(first - 1);
    const std::size_t end = std::max(begin, channel.first_after(until));
    if (begin < end) bytes += kChannelMost;
    for (std::size_t i = begin; i < end; ++i) bytes += channel.entries[i].bytes_most;
  }
  return bytes > plan_.bytes_max;
}

// Those after it that no other limit can have evicted.
bool HistoryModel::must_exceed_budget(std::uint64_t first, const AnsweredBy& known) const {
  std::uint64_t bytes = 0;
  for (const auto& [name, channel] : channels_) {
    const std::size_t end = channel.first_after(known.number);
    std::uint64_t of_channel = 0;
    for (std::size_t i = end; i-- > 0 && end - i <= channel.rule->events;) {
      const Entry& entry = channel.entries[i];
      of_channel += entry.bytes_most;
      if (entry.number < first || of_channel > channel.rule->bytes) break;
      if (may_be_too_old(channel, entry, clock_.now)) break;
      if (others_with_events(channel, entry.number, known.number) >= plan_.channels_max) break;
      bytes += entry.bytes_least;
    }
  }
  return bytes > plan_.bytes_max;
}

std::size_t HistoryModel::others_with_events(const Channel& channel, std::uint64_t after,
                                             std::uint64_t until) const {
  std::size_t others = 0;
  for (const auto& [name, other] : channels_) {
    if (&other != &channel && other.first_after(after) < other.first_after(until)) ++others;
  }
  return others;
}

// --- what may have been lost --------------------------------------------------------------------

bool HistoryModel::may_have_lost_own(const Channel& channel, std::uint64_t after,
                                     const AnsweredBy& by) const {
  const std::size_t begin = channel.first_after(after);
  const std::size_t end = channel.first_after(by.number);
  if (begin >= end) return false;
  if (end - begin > channel.rule->events) return true;
  std::uint64_t bytes = 0;
  for (std::size_t i = begin; i < end; ++i) {
    bytes += channel.entries[i].bytes_most;
    if (may_be_too_old(channel, channel.entries[i], by.at)) return true;
  }
  const std::uint64_t first = channel.entries[begin].number;
  return bytes > channel.rule->bytes || may_exceed_budget(first, by.number) ||
         others_with_events(channel, first, by.number) >= plan_.channels_max;
}

// Whether the channel may have been without any event at a time after this one and before the next one.
bool HistoryModel::may_have_been_emptied(const Channel& channel, std::size_t index,
                                         const AnsweredBy& by) const {
  const Entry& entry = channel.entries[index];
  AnsweredBy until = by;
  if (index + 1 < channel.entries.size() && channel.entries[index + 1].number <= by.number) {
    until = {channel.entries[index + 1].number, channel.entries[index + 1].at};
  }
  return entry.bytes_most > channel.rule->bytes || may_be_too_old(channel, entry, until.at) ||
         may_exceed_budget(entry.number, until.number) ||
         others_with_events(channel, entry.number, until.number) >= plan_.channels_max;
}

// The number of the event with which the channel began the last time, at the latest: before it the history
// may have known nothing of the channel. The largest number: it may know nothing now.
std::uint64_t HistoryModel::latest_begin(const Channel* channel, const AnsweredBy& by) const {
  constexpr std::uint64_t kAbsent = std::numeric_limits<std::uint64_t>::max();
  const std::size_t end = channel ? channel->first_after(by.number) : 0;
  for (std::size_t i = end; i-- > 0;) {
    if (!may_have_been_emptied(*channel, i, by)) continue;
    return i + 1 == end ? kAbsent : channel->entries[i + 1].number;
  }
  return end == 0 ? kAbsent : channel->entries.front().number;
}

// A channel of which the history knows nothing has the highest floor of the channels that were dropped, so
// events of another channel of its endpoint can be the cause.
bool HistoryModel::may_have_lost(Profile profile, std::string_view name, std::uint64_t after,
                                 const AnsweredBy& by) const {
  const Channel* const channel = find(profile, name);
  if (channel && may_have_lost_own(*channel, after, by)) return true;
  const std::uint64_t begin = latest_begin(channel, by);
  if (begin <= after) return false;
  for (const auto& [key, other] : channels_) {
    if (other.profile != profile || &other == channel) continue;
    const std::size_t end = other.first_after(std::min(begin, by.number));
    for (std::size_t i = other.first_after(after); i < end; ++i) {
      if (may_have_been_emptied(other, i, by)) return true;
    }
  }
  return false;
}

bool HistoryModel::must_have_lost(Profile profile, std::string_view name, std::uint64_t after,
                                  const AnsweredBy& known) const {
  const Channel* const channel = find(profile, name);
  const std::size_t begin = channel ? channel->first_after(after) : 0;
  const std::size_t end = channel ? channel->first_after(known.number) : 0;
  if (begin >= end) return false;
  if (end - begin > channel->rule->events) return true;
  std::uint64_t bytes = 0;
  for (std::size_t i = begin; i < end; ++i) {
    bytes += channel->entries[i].bytes_least;
    if (must_be_too_old(*channel, channel->entries[i], known.at)) return true;
  }
  return bytes > channel->rule->bytes || must_exceed_budget(channel->entries[begin].number, known);
}

}  // namespace carillon::simulation
