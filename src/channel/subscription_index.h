// SubscriptionIndex: the channels that somebody on this shard hears, by name.
//
// Thread: the shard's. A channel exists from its first subscriber to its last; at most `channels_max`.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "channel/fan_out.h"

namespace carillon::channel {

class SubscriptionIndex {
 public:
  SubscriptionIndex(FanOut& fan_out, std::uint32_t channels_max)
      : fan_out_(fan_out), channels_max_(channels_max) {}

  enum class Outcome { subscribed, already, unsubscribed, was_not, too_many_channels };
  Outcome subscribe(SubscriberId subscriber, std::string_view channel, PolicyId policy);
  Outcome unsubscribe(SubscriberId subscriber, std::string_view channel);
  // Before the subscriber leaves the engine: its channels may end with it.
  void forget(SubscriberId subscriber, const std::vector<std::string>& channels);

  std::optional<LogId> find(std::string_view channel) const;
  std::size_t size() const { return logs_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Logs = std::unordered_map<std::string, LogId, Hash, std::equal_to<>>;
  void end_if_empty(Logs::iterator channel);

  FanOut& fan_out_;
  const std::uint32_t channels_max_;
  Logs logs_;
};

}  // namespace carillon::channel
