// Feed: the truth that the oracle compares with: which events each node's Router was given, in order.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace carillon::simulation {

// The profiles, in the order in which the configuration has them.
enum class Profile : std::uint8_t { orion, service, fluxora, grimnir };
inline constexpr int kProfiles = 4;
std::string_view name_of(Profile profile);

struct FeedEntry {
  std::uint64_t order = 0;   // of all entries of the node
  std::uint32_t serial = 0;  // of the publish; 0: not an event, but a gap of the bus
};

// Events that go to the same audience: all of an endpoint, one channel, or one type.
using FeedList = std::vector<FeedEntry>;

class Feed {
 public:
  // The next event of the bus. Those that no endpoint takes are not in the feed.
  void add(std::string_view channel, std::uint32_t serial);
  void add_gap();

  // How many entries there have been: the order that the next one gets.
  std::uint64_t size() const { return next_order_; }
  // Of orion and fluxora: all events of the endpoint. Of grimnir: all, with their types in `type_of`. Of
  // service: those of a channel; "" is the broadcast.
  const FeedList& of_endpoint(Profile profile) const {
    return by_endpoint_[static_cast<std::size_t>(profile)];
  }
  const FeedList& of_channel(const std::string& channel) { return by_channel_[channel]; }
  const std::string& type_of(std::uint32_t serial) const { return types_.at(serial); }

 private:
  std::uint64_t next_order_ = 0;
  FeedList by_endpoint_[kProfiles];
  std::map<std::string, FeedList> by_channel_;
  std::map<std::uint32_t, std::string> types_;  // of grimnir's events
};

// The publish that an event's frame or body belongs to; 0 where it is none of ours.
std::uint32_t serial_in(std::string_view text);

}  // namespace carillon::simulation
