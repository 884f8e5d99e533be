#pragma once

#include <cstdint>

#include "fanout/event_log.h"
#include "fanout/inline_list.h"

namespace carillon::fanout {

inline constexpr std::uint32_t kNoSubscriber = 0xffffffff;

// One subscriber of a log with its cursor.
struct Member {
  std::uint32_t subscriber = kNoSubscriber;  // kNoSubscriber: a tombstone, its cursor the next free position
  Cursor cursor = 0;
};

// Members: the subscribers of one log, each with a cursor, and the circular sweep over them.
//
// The sweep continues from where it is to the log's current head and ends after one full turn without an
// append; it never restarts (finishing and restarting doubled the median latency). A member that leaves
// becomes a tombstone, which the next new member reuses; compaction happens between sweeps.
class Members {
 public:
  std::uint32_t count() const { return slots_.size() - tombstones_; }
  std::uint32_t slots() const { return slots_.size(); }
  std::uint32_t tombstones() const { return tombstones_; }
  Member& at(std::uint32_t position) { return slots_[position]; }
  const Member& at(std::uint32_t position) const { return slots_[position]; }

  // Adds a member at the log's head, so that the current sweep need not visit it. Returns its position.
  std::uint32_t join(std::uint32_t subscriber, Cursor head);
  void leave(std::uint32_t position);

  // --- the sweep ---
  // Call at each append: the sweep makes a full turn from here.
  void start_full_turn(Cursor head_before_append);
  bool sweeping() const { return slots_left_ > 0; }
  // Returns the next slot of the turn, which may be a tombstone. Only while sweeping().
  Member& advance(Cursor head_now);
  // Every member that could take bytes has been sent all events before this one.
  Cursor swept_until() const { return swept_until_; }

  // Moves the last members into the tombstones and calls moved(subscriber, new position) for each. Only
  // between sweeps.
  template <class Moved>
  void compact(Moved&& moved) {
    std::uint32_t hole = 0;
    for (;;) {
      while (slots_.size() > 0 && slots_[slots_.size() - 1].subscriber == kNoSubscriber) slots_.pop_back();
      while (hole < slots_.size() && slots_[hole].subscriber != kNoSubscriber) ++hole;
      if (hole >= slots_.size()) break;
      slots_[hole] = slots_[slots_.size() - 1];
      slots_.pop_back();
      moved(slots_[hole].subscriber, hole);
    }
    slots_.shrink();
    free_ = kNoSubscriber;
    tombstones_ = 0;
    position_ = 0;
  }

 private:
  std::uint32_t take_tombstone();

  InlineList<Member> slots_;
  std::uint32_t free_ = kNoSubscriber;  // first tombstone
  std::uint32_t tombstones_ = 0;
  std::uint32_t position_ = 0;    // of the sweep
  std::uint32_t slots_left_ = 0;  // slots until a full turn without an append
  std::uint32_t turn_left_ = 0;   // slots until the turn that began at turn_head_ is done
  Cursor turn_head_ = 0;
  Cursor swept_until_ = 0;
};

}  // namespace carillon::fanout
