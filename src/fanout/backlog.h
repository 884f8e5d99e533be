// Backlog: what one subscriber has not been sent yet, as the lag rules count it. For the engine's own files.
#pragma once

#include <cstdint>
#include <optional>

#include "fanout/fan_out.h"

namespace carillon::fanout {

// Backlog: counts what one subscriber has not been sent yet.
//
// The logs that close count together. A log that skips events counts only where all logs are counted: the log
// itself limits what waits in it, and the subscriber is never slow because of it. A subscriber with such a
// log is therefore judged only while an event of a log that closes waits for it, and by the age of that
// event: what else is in its outbox may be the rest of an event that could have been skipped.
//
// Made for one question and not kept. Thread: the engine's.
class FanOut::Backlog {
 public:
  enum class Counted : std::uint8_t { all_logs, logs_that_close };
  struct Sample {
    LagSample seen;
    bool is_judged = false;  // the limits of its group apply to it now
    bool lost = false;       // a log has dropped events that it had not been sent
  };

  Backlog(FanOut& engine, SubscriberId id) : engine_(engine), id_(id), subscriber_(engine.subscribers_[id]) {}

  // Returns nothing when there were too many events of mixed logs to count in this check.
  std::optional<Sample> sample(Counted counted) const;
  // What closing the subscriber would give back when memory is short. 0: it has no backlog, or none in a log
  // that closes.
  std::uint64_t bytes_to_shed() const;

 private:
  const LogState& log_of(const Subscription& subscription) const { return engine_.logs_[subscription.log()]; }
  bool closes(const LogState& log) const { return log.rule(engine_.rules_).closes(); }
  // A subscriber without logs is judged as its group is.
  bool skips_without_logs() const {
    return subscriber_.subscriptions.size() == 0 && !engine_.rules_.groups[subscriber_.group].closes();
  }
  bool begins_with_rest_of_closing_log() const;
  std::optional<std::uint64_t> bytes_behind(const Subscription& subscription) const;

  FanOut& engine_;
  const SubscriberId id_;
  const Subscriber& subscriber_;
};

}  // namespace carillon::fanout
