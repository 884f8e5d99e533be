// EventHistory: the events that the endpoints of a process retain, and what it answers to subscriptions that
// ask for them. An endpoint whose clients subscribe to channels has a history for each channel; one whose
// clients select known values has a single history, whose events have tags. The transports of an endpoint
// share its history: what is retained is the payload, which each of them encodes again for a client that has
// missed it.
//
// Thread: loop 0's, on which the Router feeds it.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/sip_hash.h"
#include "base/time.h"
#include "gateway/resume.h"
#include "history/budget.h"
#include "history/store.h"
#include "protocol/endpoint_table.h"
#include "protocol/source.h"

namespace carillon::gateway {

struct OfferedHistory;  // history_handover.h

class EventHistory {
 public:
  // `epoch` is unlike that of any other process. `channels_key` is secret: clients choose names of channels.
  EventHistory(const protocol::EndpointTable& endpoints, std::uint64_t epoch,
               const history::BudgetLimits& limits, const SipKey& channels_key);
  EventHistory(const EventHistory&) = delete;
  EventHistory& operator=(const EventHistory&) = delete;

  std::uint64_t epoch() const { return epoch_; }
  const history::BudgetLimits& limits() const { return budget_.limits(); }
  const history::HistoryCounters& counters() const { return budget_.counters(); }
  // Whether any endpoint retains events.
  bool is_used() const { return is_used_; }

  // Retains an event of `endpoint`, a primary one, if that is configured. Its frame is the payload that the
  // clients of all transports are sent; its tag is filled in.
  void keep(const protocol::Endpoint& endpoint, const protocol::Audience& audience, history::Event event);
  // The event with this number cannot be sent or retained: what is asked for from before it is incomplete.
  void lose(const protocol::Endpoint& endpoint, std::uint64_t number);
  // The bus may have lost events: in every history something may be missing before `number`.
  void note_gap(std::uint64_t number);
  // All that is retained, for a process that takes over; without what the Router adds.
  OfferedHistory offer() const;
  // Uses what another process has handed over: of each endpoint whose events come from the same source there.
  // Of the others it says that events may be missing. Returns how many events it has retained of them. Where
  // that fails, events may be missing in all of them. Before there are clients.
  Result<std::uint64_t> adopt(const OfferedHistory& offered, std::string_view bytes);

  // Frees what is too old. A few times a second.
  void expire(WallTime now);

  // Returns the endpoint that retains this channel, as its clients name it: the one with this name, or if
  // `endpoint` is empty the first one. Null: there is none. Of endpoints whose clients subscribe to channels.
  const protocol::Endpoint* retaining(std::string_view channel, std::string_view endpoint) const;
  // Whether the request names a position that no event has reached yet. The client may have it from a process
  // that was faster.
  bool is_ahead(const ResumeRequest& request, std::uint64_t last_number) const;
  // `last_number`: of the last event so far. A position that is ahead is answered as unknown.
  ResumeAnswer answer(const ResumeRequest& request, std::uint64_t last_number, WallTime now) const;

 private:
  std::vector<history::Store*> stores_of(const OfferedHistory& offered) const;
  static void cut_page(const ResumeRequest& request, ResumeAnswer& answer);
  history::Reading read(const ResumeRequest& request, std::string_view channel, std::uint64_t after,
                        WallTime now) const;
  void read_channels(const ResumeRequest& request, std::uint64_t after, WallTime now,
                     ResumeAnswer& answer) const;

  const protocol::EndpointTable& endpoints_;
  const std::uint64_t epoch_;
  bool is_used_ = false;
  history::Budget budget_;
  // By primary endpoint; null where nothing is retained.
  std::vector<std::unique_ptr<history::Store>> stores_;
};

}  // namespace carillon::gateway
