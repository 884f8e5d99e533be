// HistoryModel: what the history of one node may have lost of the events that the bus has delivered to it,
// and what it must have lost. Between the two lies what the model does not know: the exact size of a record,
// and when the history looks for events that are too old.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "history_plan.h"
#include "virtual_loop.h"

namespace carillon::simulation {

// The end of what an answer of the history may know of.
struct AnsweredBy {
  std::uint64_t number = 0;  // it knows of no event after this one
  MonoTime at{};             // it was given at this time or before
};

class HistoryModel {
 public:
  // Both outlive it. The plan may still change before the first event.
  HistoryModel(const VirtualClock& clock, const HistoryPlan& plan) : clock_(clock), plan_(plan) {}
  HistoryModel(const HistoryModel&) = delete;
  HistoryModel& operator=(const HistoryModel&) = delete;

  // The endpoint takes this event, which the history retains if its plan says so.
  void add(Profile profile, std::string_view channel, std::uint64_t number, std::size_t body_bytes);
  void add_gap(std::uint64_t number) { gaps_.push_back(number); }

  // Whether the bus may have lost events after `after`, at or before `until`.
  bool has_gap(std::uint64_t after, std::uint64_t until) const;
  // Whether the limits may have taken something of what the channel has after `after`, or have left the
  // history without a way to know that they have not.
  bool may_have_lost(Profile profile, std::string_view channel, std::uint64_t after,
                     const AnsweredBy& by) const;
  // Whether the limits have surely taken an event of the channel that has a number after `after`, when the
  // history knew everything up to `known.number` at `known.at`.
  bool must_have_lost(Profile profile, std::string_view channel, std::uint64_t after,
                      const AnsweredBy& known) const;
  // How many events the channel has after `after`, up to `until`.
  std::size_t count(Profile profile, std::string_view channel, std::uint64_t after,
                    std::uint64_t until) const;
  // The number of the channel's last event up to `until`; 0: none.
  std::uint64_t last_of(Profile profile, std::string_view channel, std::uint64_t until) const;
  // Whether every event is older than its rule allows, and has been for a while.
  bool is_expired() const;

 private:
  struct Entry {
    std::uint64_t number;
    MonoTime at;
    WallTime received;
    std::uint64_t bytes_least;  // of its record
    std::uint64_t bytes_most;
  };
  struct Channel {
    Profile profile;
    const PlannedRule* rule;
    std::vector<Entry> entries;

    std::size_t first_after(std::uint64_t number) const;
  };

  const Channel* find(Profile profile, std::string_view channel) const;
  bool may_be_too_old(const Channel& channel, const Entry& entry, MonoTime until) const;
  bool must_be_too_old(const Channel& channel, const Entry& entry, MonoTime from) const;
  // The following are about all channels of the process.
  bool may_exceed_budget(std::uint64_t first, std::uint64_t until) const;
  bool must_exceed_budget(std::uint64_t first, const AnsweredBy& known) const;
  std::size_t others_with_events(const Channel& channel, std::uint64_t after, std::uint64_t until) const;

  bool may_have_lost_own(const Channel& channel, std::uint64_t after, const AnsweredBy& by) const;
  bool may_have_been_emptied(const Channel& channel, std::size_t entry, const AnsweredBy& by) const;
  std::uint64_t latest_begin(const Channel* channel, const AnsweredBy& by) const;

  const VirtualClock& clock_;
  const HistoryPlan& plan_;
  std::map<std::pair<Profile, std::string>, Channel> channels_;
  std::vector<std::uint64_t> gaps_;
};

}  // namespace carillon::simulation
