#include "channel/subscription_index.h"

namespace carillon::channel {

SubscriptionIndex::Outcome SubscriptionIndex::subscribe(SubscriberId subscriber, std::string_view channel) {
  auto found = logs_.find(channel);
  if (found == logs_.end()) {
    if (logs_.size() >= channels_max_) return Outcome::too_many_channels;
    const LogId log = fan_out_.add_log(policy_, FanOut::Lifetime::while_heard);
    found = logs_.emplace(std::string(channel), log).first;
    if (names_.size() <= log) names_.resize(log + 1);
    names_[log] = &found->first;
  }
  const LogId log = found->second;
  const bool added = fan_out_.subscribe(subscriber, log);
  if (!added && fan_out_.subscribers_of(log) == 0) end(log);  // one that is finishing subscribes to nothing
  return added ? Outcome::subscribed : Outcome::already;
}

SubscriptionIndex::Outcome SubscriptionIndex::unsubscribe(SubscriberId subscriber, std::string_view channel) {
  const auto found = logs_.find(channel);
  if (found == logs_.end()) return Outcome::was_not;
  const LogId log = found->second;
  if (!fan_out_.unsubscribe(subscriber, log)) return Outcome::was_not;
  end(log);
  return Outcome::unsubscribed;
}

std::optional<LogId> SubscriptionIndex::find(std::string_view channel) const {
  const auto found = logs_.find(channel);
  if (found == logs_.end()) return std::nullopt;
  return found->second;
}

bool SubscriptionIndex::end(LogId log) {
  if (log >= names_.size() || !names_[log] || fan_out_.subscribers_of(log) > 0) return false;
  logs_.erase(*names_[log]);
  names_[log] = nullptr;
  fan_out_.remove_log(log);
  return true;
}

}  // namespace carillon::channel
