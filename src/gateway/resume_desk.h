// ResumeDesk: answers the shards' requests for missed events from the history, in step with the Router.
//
// Thread: loop 0's, but for ask() and epoch().
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "gateway/event_history.h"
#include "gateway/resume.h"
#include "gateway/router.h"
#include "reactor/loop.h"

namespace carillon::gateway {

class ResumeDesk final : public ResumeService {
 public:
  // A position ahead of the last event is waited for this long, and so many subscriptions at once wait.
  static constexpr milliseconds kAheadMax{5000};
  static constexpr std::size_t kWaitingMax = 10'000;
  // How often it looks whether such a position has been reached, and has the history drop what is too old.
  static constexpr milliseconds kTick{250};

  // All arguments outlive it; it outlives the functions that it posts to `loop`, loop 0.
  ResumeDesk(Router& router, EventHistory& history, reactor::Loop& loop);
  ~ResumeDesk();
  ResumeDesk(const ResumeDesk&) = delete;
  ResumeDesk& operator=(const ResumeDesk&) = delete;

  // Begins its ticks, if any endpoint has a history. Before the loops run.
  void start();

  std::uint64_t epoch() const override { return history_.epoch(); }
  bool ask(std::vector<ResumeRequest> requests, BatchTaker& taker) override;

  // Reads a page of the channel that `request` names: of the endpoint with this name, or if it is empty of
  // the first one that retains the channel. Calls `done` on loop 0, with nothing when there is no such
  // history; a position that is ahead is unknown. Returns false when loop 0 has too much to do. Any thread.
  bool read_page(ResumeRequest request, std::string endpoint,
                 std::function<void(const std::optional<ChannelPage>&)> done);

  const ResumeCounters& counters() const { return counters_; }
  const history::HistoryCounters& history_counters() const { return history_.counters(); }
  const history::BudgetLimits& history_limits() const { return history_.limits(); }

 private:
  struct Waiting {
    ResumeRequest request;
    BatchTaker* taker;
    MonoTime until;
  };
  void answer(const std::vector<ResumeRequest>& requests, BatchTaker& taker);
  void answer_waiting();
  void count(const ResumeRequest& request, const ResumeAnswer& answer);
  void tick();

  Router& router_;
  EventHistory& history_;
  reactor::Loop& loop_;
  std::deque<Waiting> waiting_;  // in the order of `until`
  ResumeCounters counters_;
  reactor::Loop::TimerId timer_ = 0;
};

}  // namespace carillon::gateway
