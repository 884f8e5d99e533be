#include "channel/subscription_index.h"

namespace carillon::channel {

SubscriptionIndex::Outcome SubscriptionIndex::subscribe(SubscriberId subscriber, std::string_view channel,
                                                        PolicyId policy) {
  auto found = logs_.find(channel);
  if (found == logs_.end()) {
    if (logs_.size() >= channels_max_) return Outcome::too_many_channels;
    found = logs_.emplace(std::string(channel), fan_out_.add_log(policy)).first;
  }
  const bool added = fan_out_.subscribe(subscriber, found->second);
  end_if_empty(found);
  return added ? Outcome::subscribed : Outcome::already;
}

SubscriptionIndex::Outcome SubscriptionIndex::unsubscribe(SubscriberId subscriber, std::string_view channel) {
  const auto found = logs_.find(channel);
  if (found == logs_.end()) return Outcome::was_not;
  const bool was = fan_out_.unsubscribe(subscriber, found->second);
  // Also when it was not: the engine itself unsubscribes one that finishes.
  end_if_empty(found);
  return was ? Outcome::unsubscribed : Outcome::was_not;
}

void SubscriptionIndex::forget(SubscriberId subscriber, const std::vector<std::string>& channels) {
  for (const std::string& channel : channels) unsubscribe(subscriber, channel);
}

std::optional<LogId> SubscriptionIndex::find(std::string_view channel) const {
  const auto found = logs_.find(channel);
  if (found == logs_.end()) return std::nullopt;
  return found->second;
}

void SubscriptionIndex::end_if_empty(Logs::iterator channel) {
  if (fan_out_.subscribers_of(channel->second) > 0) return;
  fan_out_.remove_log(channel->second);
  logs_.erase(channel);
}

}  // namespace carillon::channel
