#pragma once

#include <optional>
#include <vector>

#include "fanout/fan_out.h"

namespace carillon::fanout {

// SelectionIndex: which subscriber receives which tags of one endpoint whose clients select them in their
// request.
//
// All clients with the same set of tags share a log, so an event costs one append per set that has its tag,
// and nothing per client. Beyond `sets_max` sets, further clients share one mixed log, where each skips the
// events that it did not select: slower, but equally correct.
//
// Thread: the shard's. A set exists from its first subscriber on. When the last one has left, the engine
// reports its log as deserted, and end() removes it.
class SelectionIndex {
 public:
  // Its logs have `policy` and `owner`.
  SelectionIndex(FanOut& fan_out, PolicyId policy, std::uint32_t sets_max, LogOwner owner = 0)
      : fan_out_(fan_out), policy_(policy), owner_(owner), sets_max_(sets_max) {}

  // Call once per subscriber. An empty selection receives nothing.
  void subscribe(SubscriberId subscriber, TagMask tags);
  void append(const Ref<const Frame>& frame, Tag tag, MonoTime now);

  std::size_t sets() const { return sets_.size(); }
  std::uint32_t in_mixed() const { return mixed_ ? fan_out_.subscribers_of(*mixed_) : 0; }
  // Removes a log without subscribers. Returns false when the log belongs to another index or has a
  // subscriber again.
  bool end(LogId log);

 private:
  struct Set {
    TagMask tags;
    LogId log;
  };

  LogId add_log() { return fan_out_.add_log(policy_, FanOut::Lifetime::while_subscribed, owner_); }

  FanOut& fan_out_;
  const PolicyId policy_;
  const LogOwner owner_;
  const std::uint32_t sets_max_;
  std::vector<Set> sets_;
  std::optional<LogId> mixed_;
};

}  // namespace carillon::fanout
