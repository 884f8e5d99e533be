#include "feed.h"

#include <charconv>

namespace carillon::simulation {

std::string_view name_of(Profile profile) {
  switch (profile) {
    case Profile::orion:
      return "orion";
    case Profile::service:
      return "service";
    case Profile::fluxora:
      return "fluxora";
    case Profile::grimnir:
      return "grimnir";
  }
  return "?";
}

void Feed::add(std::string_view channel, std::uint32_t serial) {
  const FeedEntry entry{next_order_, serial};
  constexpr std::string_view kChannels = "service.channel.";
  constexpr std::string_view kTypes = "grimnir.";
  if (channel.starts_with("orion.")) {
    by_endpoint_[0].push_back(entry);
  } else if (channel.starts_with(kChannels)) {
    by_channel_[std::string(channel.substr(kChannels.size()))].push_back(entry);
  } else if (channel == "service.broadcast") {
    by_channel_[""].push_back(entry);
  } else if (channel == "fluxora.streams") {
    by_endpoint_[2].push_back(entry);
  } else if (channel.starts_with(kTypes)) {
    by_endpoint_[3].push_back(entry);
    types_[serial] = channel.substr(kTypes.size());
  } else {
    return;
  }
  ++next_order_;
}

void Feed::add_gap() {
  const FeedEntry gap{next_order_++, 0};
  for (FeedList& each : by_endpoint_) each.push_back(gap);
  for (auto& [channel, list] : by_channel_) list.push_back(gap);
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

}  // namespace carillon::simulation
