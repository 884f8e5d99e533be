#include "feed.h"

#include <algorithm>
#include <charconv>
#include <functional>

namespace carillon::simulation {

std::uint64_t Feed::take_number() {
  times_.push_back(clock_.now);
  return times_.size();
}

void Feed::add(std::string_view channel, std::string_view body, Body kind) {
  const std::uint64_t number = take_number();
  if (kind == Body::not_json) return;
  const FeedEntry entry{entries(), serial_in(body), number};
  constexpr std::string_view kChannels = "service.channel.";
  constexpr std::string_view kTypes = "grimnir.";
  if (channel.starts_with("orion.")) {
    by_endpoint_[0].push_back(entry);
    history_.add(Profile::orion, {}, number, body.size());
  } else if (channel.starts_with(kChannels)) {
    const std::string_view name = channel.substr(kChannels.size());
    by_channel_[std::string(name)].push_back(entry);
    history_.add(Profile::service, name, number, body.size());
  } else if (channel == "service.broadcast") {
    by_channel_[""].push_back(entry);  // belongs to no channel, and is not retained
  } else if (channel == "fluxora.streams") {
    by_endpoint_[2].push_back(entry);
  } else if (channel.starts_with(kTypes)) {
    by_endpoint_[3].push_back(entry);
    types_[entry.serial] = channel.substr(kTypes.size());
    history_.add(Profile::grimnir, {}, number, body.size());
  } else {
    return;
  }
  numbers_.push_back(number);
}

void Feed::add_gap() {
  const FeedEntry gap{entries(), 0, take_number()};
  numbers_.push_back(gap.number);
  history_.add_gap(gap.number);
  gaps_.push_back(gap);
  for (FeedList& each : by_endpoint_) each.push_back(gap);
  for (auto& [channel, list] : by_channel_) list.push_back(gap);
}

std::size_t Feed::gaps_before(std::uint64_t order) const {
  const auto found =
      std::lower_bound(gaps_.begin(), gaps_.end(), order,
                       [](const FeedEntry& gap, std::uint64_t wanted) { return gap.order < wanted; });
  return static_cast<std::size_t>(found - gaps_.begin());
}

std::uint64_t Feed::number_at(MonoTime time) const {
  return static_cast<std::uint64_t>(std::upper_bound(times_.begin(), times_.end(), time) - times_.begin());
}

MonoTime Feed::next_after(std::uint64_t number) const {
  return number < times_.size() ? times_[number] : clock_.now;
}

std::uint64_t Feed::order_after(std::uint64_t number) const {
  const auto found = std::upper_bound(numbers_.begin(), numbers_.end(), number);
  return static_cast<std::uint64_t>(found - numbers_.begin());
}

bool Feed::is_same_text(Profile profile, std::uint64_t number, std::string_view text) {
  const std::size_t hash = std::hash<std::string_view>()(text);
  const auto key = number * kProfiles + static_cast<std::uint64_t>(profile);
  return texts_.try_emplace(key, hash).first->second == hash;
}

std::uint32_t serial_in(std::string_view text) {
  constexpr std::string_view kMark = "\"n\":";
  std::size_t at = text.find(kMark);
  if (at != std::string_view::npos) {
    at += kMark.size();
  } else {
    at = text.find('#');  // in the text of a client's own message
    if (at == std::string_view::npos) return 0;
    ++at;
  }
  std::uint32_t serial = 0;
  std::from_chars(text.data() + at, text.data() + text.size(), serial);
  return serial;
}

std::string_view member_in(std::string_view text, std::string_view name) {
  const std::string mark = "\"" + std::string(name) + "\":\"";
  const std::size_t at = text.rfind(mark);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + mark.size());
  return rest.substr(0, rest.find('"'));
}

}  // namespace carillon::simulation
