// How a subscription that asks for missed events gets them: the shard asks the history, which lives on loop 0
// with the Router, and gets an answer in its inbox, between the batches of events. The answer has every event
// up to the batch before it, and the subscription begins with the batch after it: so there is exactly one
// place where the past and the present meet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ref.h"
#include "client/counters.h"
#include "event/position.h"
#include "event/tag.h"
#include "history/record.h"

namespace carillon::gateway {

class BatchTaker;

// What a subscription wants to be sent of the past.
struct ResumeRequest {
  std::uint32_t client = 0;  // and the ticket: the shard's own numbers, repeated in the answer
  std::uint64_t ticket = 0;
  std::uint16_t endpoint = 0;         // the primary one, whose history all of its transports share
  std::vector<std::string> channels;  // none: the endpoint's one history, of which `tags` are wanted
  TagMask tags = kAllTags;
  std::string position;  // the events after it, as the client wrote it; empty: the last ones
  std::uint32_t last = 0;
  // Not a subscription's missed events but a page of a channel: at most `last` events, the first ones after
  // the position or the last ones, of at most this many bytes, or a single longer one.
  std::optional<std::uint32_t> page_bytes_max{};
};

// Whether a subscription is sent everything that it asked for, or why not.
enum class ResumeOutcome : std::uint8_t {
  recovered,
  unknown_position,  // malformed, or of another process
  no_history,        // the channel is not retained
  evicted,           // events after the position are not retained any more
  gap,               // the bus may have lost events after the position
  overloaded,        // too many subscriptions ask at once
  count
};
// The word that clients and metrics have for it.
std::string_view name_of(ResumeOutcome outcome);

// What the history answers.
struct ResumeAnswer {
  std::uint32_t client = 0;
  std::uint64_t ticket = 0;
  ResumeOutcome outcome = ResumeOutcome::recovered;
  std::uint64_t number = 0;                        // of the last event before the subscription begins
  std::vector<Ref<const history::Record>> events;  // of those recovered, in the order of their numbers
  // Of each channel of the request; none where the outcome is the same for all of them. `outcome` is the
  // first one that is not `recovered`.
  std::vector<ResumeOutcome> channels{};
  bool leaves_out = false;  // of a page: there are others, which are over a limit

  ResumeOutcome outcome_of(std::size_t channel) const {
    return channel < channels.size() ? channels[channel] : outcome;
  }
  // Where the subscription stands before its first event: of the channels that it is about, no event between
  // this number and the next one that the client is sent is missing.
  std::uint64_t begins_after() const { return events.empty() ? number : events.front()->number() - 1; }
};

// A page of a channel's history, for the history API.
struct ChannelPage {
  std::string endpoint;  // whose history it is
  ResumeAnswer answer;
};

// Written on loop 0.
struct ResumeCounters {
  client::ByReason<ResumeOutcome> outcomes;  // of subscriptions
  client::ByReason<ResumeOutcome> pages;     // of history commands
  client::Counter events;                    // in the answers
  client::Counter ahead;                     // requests whose position no event had reached yet
};

// What answers, on loop 0.
class ResumeService {
 public:
  // The epoch of this process's positions.
  virtual std::uint64_t epoch() const = 0;
  // Answers each request through `taker`, in a later turn. Returns false when loop 0 has too much to do: then
  // nothing is answered. Any thread.
  virtual bool ask(std::vector<ResumeRequest> requests, BatchTaker& taker) = 0;

 protected:
  ~ResumeService() = default;
};

}  // namespace carillon::gateway
