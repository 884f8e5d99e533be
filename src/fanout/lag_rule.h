#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "event/channel_pattern.h"

namespace carillon::fanout {

// What happens to a subscriber that is too far behind in a log: it is judged slow; it goes on with what the
// log still has; or it goes on with the newest event of the log.
enum class LagPolicy : std::uint8_t { disconnect, skip, latest };

// The rule of a log (`lag.policy`, or an entry of `lag.overrides`).
struct LogRule {
  LagPolicy policy = LagPolicy::disconnect;
  // With `skip` and `latest`: how many bytes of events a log keeps for subscribers that are behind. The logs
  // that close count together, against the limits of the subscriber's group.
  std::uint32_t bytes_max = 1024 * 1024;

  bool closes() const { return policy == LagPolicy::disconnect; }
  bool operator==(const LogRule&) const = default;
};

// The limits of a group of subscribers (`lag.*` and `resume.timeout` of an endpoint).
struct LagRule {
  LagPolicy policy = LagPolicy::disconnect;  // of a subscriber without logs
  std::uint32_t bytes_max = 1024 * 1024;     // the backlog in bytes of events, in the logs that close
  std::uint32_t grace_ms = 3000;             // how long the backlog may exceed that without shrinking
  std::uint32_t age_ms_max = 15000;          // of its oldest unsent byte
  std::uint32_t replay_ms_max = 60000;       // how long a subscriber may take to receive what it missed

  bool closes() const { return policy == LagPolicy::disconnect; }
};

// Which of the engine's groups of subscribers. A group has limits, notices and counters of its own.
using GroupId = std::uint8_t;
using LogOwner = std::uint8_t;  // the caller's number for the index that has a log
using PolicyId = std::uint8_t;  // which of the rules of a log's owner; a log's record has no room for more
inline constexpr PolicyId kDefaultPolicy = 0;    // the rule of the logs that no other one is for
inline constexpr std::size_t kPoliciesMax = 17;  // of one owner
using LogRules = std::array<LogRule, kPoliciesMax>;

// All rules of an engine.
struct LagRules {
  std::vector<LagRule> groups;  // by GroupId
  std::vector<LogRules> logs;   // by LogOwner

  const LogRule& of_log(LogOwner owner, PolicyId policy) const { return logs[owner][policy]; }
};

// ChannelPolicies: which rule the log of a channel has, by the channel's name: that of the first pattern that
// matches, or the default.
//
// Pure value. Thread: any. Patterns are matched when a log is added, never per event.
class ChannelPolicies {
 public:
  // `otherwise`: the rule of the channels that no pattern matches.
  explicit ChannelPolicies(PolicyId otherwise = kDefaultPolicy) : otherwise_(otherwise) {}

  // Adds a pattern behind the others.
  void add(ChannelPattern pattern, PolicyId policy) { entries_.push_back({std::move(pattern), policy}); }

  // Walks the patterns, in the order in which they were added.
  PolicyId of(std::string_view channel) const;
  // Whether both have the same patterns and policies, in the same order.
  bool operator==(const ChannelPolicies& other) const;

 private:
  struct Entry {
    ChannelPattern pattern;
    PolicyId policy;
  };

  PolicyId otherwise_;
  std::vector<Entry> entries_;
};

}  // namespace carillon::fanout
