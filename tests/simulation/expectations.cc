#include "expectations.h"

#include <utility>

namespace carillon::simulation {

void Expectations::expect(Reply reply, std::string channel, std::uint64_t earliest) {
  replies_.push_back({reply, std::move(channel), earliest});
}

Expectations::Fault Expectations::check_event(std::uint32_t serial, std::string_view channel,
                                              bool misbehaved) {
  constexpr std::string_view kChannels = "service.channel.";
  ++events_;
  const std::string what = "event " + std::to_string(serial) + " of " + std::string(channel);
  Stream* stream = &*main_;
  if (channel.starts_with(kChannels)) {
    const auto found = channels_.find(channel.substr(kChannels.size()));
    if (found == channels_.end()) {
      return misbehaved ? std::nullopt : Fault(what + ", to which it is not subscribed");
    }
    stream = &found->second;
  }
  if (stream->accept(serial)) return std::nullopt;
  return what + " is not the next one: it is not for this client, came before, or one before it is missing";
}

Expectations::Fault Expectations::check_reply(std::string_view type, std::uint64_t latest) {
  if (replies_.empty()) return "a reply that was not asked for: " + std::string(type);
  const Expected expected = std::move(replies_.front());
  replies_.pop_front();
  static constexpr std::string_view kTypes[] = {"subscribed", "error", "unsubscribed", "pong"};
  if (type != kTypes[static_cast<std::size_t>(expected.reply)]) {
    return "the reply " + std::string(type) + " came in the place of another";
  }
  if (expected.reply == Reply::unsubscribed) channels_.erase(expected.channel);
  if (expected.reply == Reply::subscribed) {
    channels_.try_emplace(expected.channel, feed_, feed_.of_channel(expected.channel), std::nullopt,
                          expected.earliest, latest, false);
  }
  return std::nullopt;
}

Expectations::Fault Expectations::check_failed_publish() {
  if (publishes_ == 0) return "an error for a message that it has not published";
  --publishes_;
  return std::nullopt;
}

Expectations::Fault Expectations::missing() const {
  if (!main_) return std::nullopt;
  const std::uint64_t until = feed_.size();
  if (!main_->has_all(until)) return "has not received all events of its endpoint";
  for (const auto& [channel, stream] : channels_) {
    if (!stream.has_all(until)) return "has not received all events of " + channel;
  }
  return std::nullopt;
}

}  // namespace carillon::simulation
