// What subscribers are told about the source of their events, in addition to events.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fanout/lag_rule.h"

namespace carillon::fanout {

// gap: events may be missing. degraded: no events arrive at present. restored: they do again.
enum class Notice : std::uint8_t { gap, degraded, restored, count };
inline constexpr std::size_t kNotices = static_cast<std::size_t>(Notice::count);

// A notice for all subscribers that there are.
struct Announcement {
  Notice what = Notice::gap;
  std::vector<std::string> frames{};  // by group; empty: the subscribers of this group are not told
  std::uint64_t number = 0;           // of a gap: the events with a higher number came after it
};

// What one subscriber has not been told yet. It fits into the padding of the subscriber's record.
struct OwedNotices {
  bool any : 1 = false;            // something may have to be sent: see Notices::next_for()
  bool gap : 1 = false;            // it has not been told of a gap
  bool told_degraded : 1 = false;  // the last status that it was told is `degraded`
};

// Notices: what has been announced, and who has not been told. Every subscriber has three bits for that,
// and nothing else is kept for each. A status is the present one, whatever happened in between: after an
// interruption that ended before a subscriber was told of it, the subscriber is told nothing.
//
// Gaps that a subscriber has not been told of are merged into one, at the place of the first. While any
// subscriber has not been told of one, further gaps keep the number and the frames of the first, so that the
// frame comes too early for some subscribers, but too late for none.
//
// Pure. Thread: the shard's.
class Notices {
 public:
  // Replaces what is announced, and begins a new walk. Returns false when nothing has changed: a status that
  // is the present one.
  bool announce(Announcement announcement);
  // The subscriber is one of those that the announcement is for; `wants`: it has a frame for it.
  void owe(OwedNotices& owed, Notice what, bool wants);
  // A subscriber that begins now is told nothing of the past, but of the present status.
  void greet(OwedNotices& owed, GroupId group) const;

  // What the subscriber must be told next; nothing when it has been told everything.
  std::optional<Notice> next_for(const OwedNotices& owed) const;
  // It has been told.
  void told(OwedNotices& owed, Notice what);
  // It needs not be told anything of what has been announced.
  void forget(OwedNotices& owed);

  // Empty: there is none. Valid until the next announcement.
  std::string_view frame(Notice what, GroupId group) const;
  // Whether an event came after the gap that has not been told.
  bool is_after_gap(std::uint64_t number) const { return number > gap_number_; }
  std::uint64_t gap_number() const { return gap_number_; }
  // The number of the gap that a subscriber has not been told of; the largest number when there is none.
  std::uint64_t next_gap(const OwedNotices& owed) const {
    return owed.gap ? gap_number_ : std::numeric_limits<std::uint64_t>::max();
  }
  // How many subscribers have not been told of a gap.
  std::uint32_t gaps_owed() const { return gaps_owed_; }

  // --- the walk, which makes the engine visit subscribers that no event makes it visit ---
  bool is_walking() const { return walking_; }
  std::uint32_t walked() const { return walked_; }  // subscribers
  void walk_to(std::uint32_t subscriber) { walked_ = subscriber; }
  void end_walk() { walking_ = false; }

 private:
  std::array<std::vector<std::string>, kNotices> frames_;  // by notice and group
  std::uint64_t gap_number_ = 0;
  std::uint32_t gaps_owed_ = 0;
  std::uint32_t walked_ = 0;
  bool walking_ = false;
  bool is_degraded_ = false;
};

}  // namespace carillon::fanout
