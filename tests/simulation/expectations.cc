#include "expectations.h"

#include <algorithm>
#include <utility>

namespace carillon::simulation {
namespace {

constexpr std::string_view kChannels = "service.channel.";
// A subscription has its answer in this time: a position that is ahead is waited for.
constexpr auto kAnswerMax = seconds(8);

}  // namespace

Stream Expectations::stream_of(std::string_view channel, std::uint64_t earliest, std::uint64_t latest,
                               std::uint64_t after) {
  Feed& feed = *node_.feed;
  const bool is_main = channel.empty();
  const FeedList& list =
      profile_ == Profile::service ? feed.of_channel(std::string(channel)) : feed.of_endpoint(profile_);
  const bool ends_at_gap = node_.ends_at_gap(profile_);
  return {feed, list, is_main ? types_ : std::nullopt, earliest, latest, after, ends_at_gap};
}

Stream Expectations::stream_after(std::string_view channel, std::uint64_t number) {
  const std::uint64_t order = node_.feed->order_after(number);
  return stream_of(channel, order, order, number);
}

void Expectations::begin(Begin begin) {
  types_ = std::move(begin.types);
  const auto number = begin.asked ? number_of(begin.asked->position, node_) : std::nullopt;
  main_ = number ? stream_after({}, *number) : stream_of({}, begin.earliest, begin.latest);
  notices_.begin(begin.shard, begin.earliest, begin.latest);
  if (!begin.asked) return;
  if (number) positions_[""] = begin.asked->position;  // until it is told that it has missed something
  asked_.push_back(std::move(*begin.asked));
}

void Expectations::expect(Reply reply, std::string channel, std::uint64_t earliest) {
  if (reply == Reply::unsubscribed) {
    ++unsubscribes_.sent;
    for (Asked& each : asked_) {
      if (each.channel == channel && each.ended_by == 0) each.ended_by = unsubscribes_.sent;
    }
  }
  replies_.push_back({reply, std::move(channel), earliest});
}

bool Expectations::has_asked(std::string_view channel) const {
  return std::any_of(asked_.begin(), asked_.end(),
                     [channel](const Asked& each) { return each.channel == channel; });
}

std::optional<Asked> Expectations::take_asked(std::string_view channel) {
  const auto found = std::find_if(asked_.begin(), asked_.end(),
                                  [channel](const Asked& each) { return each.channel == channel; });
  if (found == asked_.end()) return std::nullopt;
  Asked asked = std::move(*found);
  asked_.erase(found);
  return asked;
}

// --- events -------------------------------------------------------------------------------------

Expectations::Fault Expectations::check_event(const Received& received, bool misbehaved, MonoTime now) {
  ++events_;
  const std::string what =
      "event " + std::to_string(received.serial) + " of " + std::string(received.channel);
  std::uint64_t number = 0;
  if (auto fault = check_position(received, number)) return what + *fault;
  if (auto fault = check_recovered(now)) return what + ": " + *fault;
  Stream* stream = &*main_;
  if (received.channel.starts_with(kChannels)) {
    const auto found = channels_.find(received.channel.substr(kChannels.size()));
    if (misbehaved) return std::nullopt;
    if (found == channels_.end()) return what + ", to which it is not subscribed";
    stream = &found->second;
    if (number > 0) positions_[found->first] = member_in(received.text, "position");
  } else if (number > 0 && profile_ != Profile::service) {
    positions_[""] = member_in(received.text, "position");
  }
  if (stream->accept(received.serial, number)) {
    if (auto fault = notices_.check_event(stream->last_orders())) return what + " " + *fault;
    return std::nullopt;
  }
  return what + " with the number " + std::to_string(number) +
         " is not the next one: it is not for this client, came before, or one before it is missing";
}

Expectations::Fault Expectations::check_position(const Received& received, std::uint64_t& number) {
  if (!has_positions()) return std::nullopt;
  const auto named = number_of(member_in(received.text, "position"), node_);
  if (!named) return " without a position of this node";
  number = *named;
  if (node_.feed->is_same_text(profile_, number, received.text)) return std::nullopt;
  return " has another text than others have received";
}

// A request is answered by its first event, where no frame of missed events has come before.
Expectations::Fault Expectations::check_recovered(MonoTime now) {
  const auto asked = take_asked("");
  if (!asked) return std::nullopt;
  return what_is_wrong(node_, *asked, {{}, node_.feed->last_number(), false}, now);
}

// --- replies ------------------------------------------------------------------------------------

Expectations::Fault Expectations::check_reply(std::string_view type, std::uint64_t latest) {
  if (replies_.empty()) return "a reply that was not asked for: " + std::string(type);
  const Expected expected = std::move(replies_.front());
  replies_.pop_front();
  static constexpr std::string_view kTypes[] = {"subscribed", "error", "unsubscribed", "pong"};
  if (type != kTypes[static_cast<std::size_t>(expected.reply)]) {
    return "the reply " + std::string(type) + " came in the place of another";
  }
  if (expected.reply == Reply::unsubscribed) {
    channels_.erase(expected.channel);
    positions_.erase(expected.channel);
    ++unsubscribes_.answered;  // what it had asked for before has no answer any more
    std::erase_if(asked_, [this](const Asked& each) { return each.ended_by == unsubscribes_.answered; });
  }
  if (expected.reply == Reply::subscribed) {
    channels_.try_emplace(expected.channel, stream_of(expected.channel, expected.earliest, latest));
  }
  return std::nullopt;
}

Expectations::Fault Expectations::check_subscribed(std::string_view text, std::uint64_t latest,
                                                   MonoTime now) {
  const std::string channel(member_in(text, "channel"));
  const std::string position(member_in(text, "position"));
  const auto number = number_of(position, node_);
  const bool asked_for_nothing = text.find("\"recovered\":null") != std::string_view::npos;
  const bool has_it = channels_.contains(channel);
  if (!number && (!asked_for_nothing || !has_it || !position.empty())) {
    return "a subscription to " + channel + " without a position of this node";
  }
  if (number && *number > node_.feed->last_number()) return "a position that no event has";
  if (asked_for_nothing) {
    if (!replies_.empty() && replies_.front().channel != channel) return "a reply about another channel";
    if (auto fault = check_reply("subscribed", latest)) return fault;
    if (!number) return std::nullopt;
    if (!has_it) channels_.insert_or_assign(channel, stream_after(channel, *number));
    if (!channels_.at(channel).has_all(node_.feed->order_after(*number))) {
      return "a position after an event of " + channel + " that it has not received";
    }
    positions_[channel] = position;
    return std::nullopt;
  }
  const auto asked = take_asked(channel);
  if (!asked) return "an answer about the past of " + channel + " that was not asked for";
  const bool recovered = text.find("\"recovered\":true") != std::string_view::npos;
  const std::string_view reason = member_in(text, "reason");
  if (recovered != reason.empty()) return "recovered with a reason, or not without one";
  if (auto fault = what_is_wrong(node_, *asked, {reason, *number, true}, now)) return fault;
  channels_.insert_or_assign(channel, stream_after(channel, *number));
  positions_[channel] = position;
  return std::nullopt;
}

Expectations::Fault Expectations::check_failed_publish() {
  if (publishes_ == 0) return "an error for a message that it has not published";
  --publishes_;
  return std::nullopt;
}

// --- frames about positions ---------------------------------------------------------------------

std::optional<Expectations::Fault> Expectations::check_about_positions(std::string_view text,
                                                                       std::uint64_t latest, MonoTime now) {
  if (!has_positions()) return std::nullopt;
  if (text.starts_with(R"({"open":)")) return check_open(member_in(text, "open"));
  if (text.starts_with(R"({"gap":)")) return check_gap(member_in(text, "reason"), latest, now);
  if (text.starts_with(R"({"type":"ping","position":)")) return check_ping(member_in(text, "position"), now);
  return std::nullopt;
}

// A client that asks for the past has not received what is before this frame.
Expectations::Fault Expectations::check_open(std::string_view position) {
  if (events_ > 0) return "the first frame came after an event";
  if (has_asked("")) return position.empty() ? Fault() : "a position before it has what it missed";
  const auto number = number_of(position, node_);
  if (!number) return "its first frame has no position of this node";
  main_ = stream_after({}, *number);
  notices_.begin_after(*number);
  positions_[""] = position;
  return std::nullopt;
}

Expectations::Fault Expectations::check_gap(std::string_view reason, std::uint64_t latest, MonoTime now) {
  const auto asked = take_asked("");
  if (!asked) return "a frame of missed events that was not asked for, or after the first event";
  positions_.erase("");
  const std::uint64_t known = node_.feed->last_number();
  if (reason.empty()) return "a frame of missed events without a reason";
  if (auto fault = what_is_wrong(node_, *asked, {reason, known, false}, now)) return fault;
  main_ = stream_of({}, node_.feed->order_after(asked->after_all), latest);
  return std::nullopt;
}

// Sent only when the client has been sent everything up to this position.
Expectations::Fault Expectations::check_ping(std::string_view position, MonoTime now) {
  if (position.empty()) return std::nullopt;
  const auto number = number_of(position, node_);
  if (!number || *number > node_.feed->last_number()) return "a ping with a position that is none";
  if (auto fault = check_recovered(now)) return fault;
  if (auto fault = notices_.check_position(*number)) return "a ping with " + *fault;
  const std::uint64_t until = node_.feed->order_after(*number);
  if (!main_->has_all(until)) return "a ping with a position after an event that it has not received";
  if (profile_ != Profile::service) positions_[""] = position;
  for (auto& [channel, stream] : channels_) {
    if (!stream.has_all(until)) return "a ping with a position after an event of " + channel;
    positions_[channel] = position;
  }
  return std::nullopt;
}

// --- frames about the bus -----------------------------------------------------------------------

std::optional<Expectations::Fault> Expectations::check_notice(std::string_view text, bool misbehaved,
                                                              std::uint64_t latest) {
  if (text == R"({"bus":"degraded"})") return notices_.check_degraded();
  if (text == R"({"bus":"restored"})") return notices_.check_restored();
  if (!text.starts_with(R"({"gap":null,)") || member_in(text, "reason") != "bus") return std::nullopt;
  return check_bus_gap(member_in(text, "before"), misbehaved, latest);
}

// A client whose position waits for its answer is told at once: the answer says that events are missing.
Expectations::Fault Expectations::check_bus_gap(std::string_view before, bool misbehaved,
                                                std::uint64_t latest) {
  std::uint64_t place = 0;
  if (auto fault = notices_.check_gap(before, latest, place)) return fault;
  if (!misbehaved && !has_asked("") && !main_->has_all(place)) {
    return "a gap of the bus before an event from before it";
  }
  for (const auto& [channel, stream] : channels_) {
    if (!misbehaved && !stream.has_all(place)) return "a gap of the bus before an event of " + channel;
  }
  return std::nullopt;
}

Expectations::Fault Expectations::unanswered(MonoTime now) const {
  for (const Asked& each : asked_) {
    if (!each.channel.empty() && now > each.at + kAnswerMax) return "has no answer about " + each.channel;
  }
  return std::nullopt;
}

Expectations::Fault Expectations::missing() const {
  if (!main_) return std::nullopt;
  if (auto fault = notices_.missing()) return fault;
  const std::uint64_t until = node_.feed->size();
  if (!main_->has_all(until)) return "has not received all events of its endpoint";
  for (const auto& [channel, stream] : channels_) {
    if (!stream.has_all(until)) return "has not received all events of " + channel;
  }
  return std::nullopt;
}

}  // namespace carillon::simulation
