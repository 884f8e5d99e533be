#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "event/channel_pattern.h"

namespace carillon::bus {

inline constexpr std::string_view kProbePrefix = "carillon.probe.";

// Subscriptions: the channels and patterns to subscribe to on Redis, and whether a delivery counts.
//
// Pure, immutable. Redis sends a message once for each of our subscriptions that it matches; the one
// that counts is that of the first pattern in the list. This is exact also while the subscriptions are
// being made, because they are made in the order of the list: when a later one is in force, so is the
// first. Channels under carillon.probe. are reserved: no event comes from there, whatever the patterns.
class Subscriptions {
 public:
  enum class Verdict { deliver, duplicate, reserved };

  enum class Command { psubscribe, subscribe };
  struct Request {
    Command command;
    std::string argument;  // of PSUBSCRIBE: with `?`, `[`, `]` and `\` escaped, which are literal here
  };

  // A repeated pattern is subscribed to once. `followed`: the probe channel of another process, whose markers
  // are to be received; empty: none.
  Subscriptions(const std::vector<ChannelPattern>& patterns, std::string_view node_id,
                std::string followed = {});

  // One command each, to be sent in this order, so that a refusal shows which pattern it is about.
  const std::vector<Request>& requests() const { return requests_; }
  const std::string& probe_channel() const { return probe_channel_; }
  const std::string& followed() const { return followed_; }

  Verdict judge_by_glob(std::string_view glob, std::string_view channel) const;  // a `pmessage`
  Verdict judge_by_name(std::string_view channel) const;                         // a `message`

 private:
  struct Entry {
    ChannelPattern pattern;
    std::string glob;  // empty: subscribed by name
  };
  Verdict judge(std::string_view glob, std::string_view channel) const;

  std::vector<Entry> entries_;
  std::vector<Request> requests_;
  std::string probe_channel_;
  std::string followed_;
};

}  // namespace carillon::bus
