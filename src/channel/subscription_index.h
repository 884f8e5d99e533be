// SubscriptionIndex: the channels of one endpoint that somebody on this shard hears, by name.
//
// Thread: the shard's. A channel exists from its first subscriber on; once the last has left, by whatever
// way, the engine calls its log deserted, and end() takes it away. At most `channels_max`.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "channel/fan_out.h"

namespace carillon::channel {

class SubscriptionIndex {
 public:
  SubscriptionIndex(FanOut& fan_out, PolicyId policy, std::uint32_t channels_max)
      : fan_out_(fan_out), policy_(policy), channels_max_(channels_max) {}

  enum class Outcome { subscribed, already, unsubscribed, was_not, too_many_channels };
  Outcome subscribe(SubscriberId subscriber, std::string_view channel);
  Outcome unsubscribe(SubscriberId subscriber, std::string_view channel);

  std::optional<LogId> find(std::string_view channel) const;
  std::size_t size() const { return logs_.size(); }
  // Takes a deserted log away. False when it is not of this index, or somebody hears it again.
  bool end(LogId log);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  FanOut& fan_out_;
  const PolicyId policy_;
  const std::uint32_t channels_max_;
  std::unordered_map<std::string, LogId, Hash, std::equal_to<>> logs_;
  std::vector<const std::string*> names_;  // by log; null: not of this index
};

}  // namespace carillon::channel
