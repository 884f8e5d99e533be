#pragma once

#include <cstdint>

#include "fanout/event_log.h"
#include "fanout/inline_list.h"

namespace carillon::fanout {

inline constexpr std::uint32_t kNobody = 0xffffffff;

// One subscriber of a log with its cursor.
struct Member {
  std::uint32_t subscriber = kNobody;  // kNobody: a tombstone, its cursor the next free position
  Cursor cursor = 0;
};

// Members: the subscribers of one log, each with a cursor, and the circular sweep over them.
//
// The sweep goes on from where it is to the log's current head and ends after one full turn without
// an append; it never restarts (finish-then-restart doubled the median latency). Leaving makes a
// tombstone that the next one to join reuses; compaction waits for a moment between sweeps.
class Members {
 public:
  std::uint32_t count() const { return slots_.size() - tombstones_; }
  std::uint32_t slots() const { return slots_.size(); }
  std::uint32_t tombstones() const { return tombstones_; }
  Member& at(std::uint32_t position) { return slots_[position]; }
  const Member& at(std::uint32_t position) const { return slots_[position]; }

  // A new member is at the log's head, so that a sweep under way owes it nothing.
  std::uint32_t join(std::uint32_t subscriber, Cursor head);
  void leave(std::uint32_t position);

  // --- the sweep ---
  // Called at each append: a full turn is owed from here.
  void owe_full_turn(Cursor head_before_append);
  bool sweeping() const { return owed_ > 0; }
  // The next slot of the turn; tombstones too. Only while sweeping().
  Member& advance(Cursor head_now);
  // Every member that could take bytes has been sent what lies before this.
  Cursor swept_until() const { return swept_until_; }

  // Moves the last members into the tombstones; moved(subscriber, new position) for each. Only
  // between sweeps.
  template <class Moved>
  void compact(Moved&& moved) {
    std::uint32_t hole = 0;
    for (;;) {
      while (slots_.size() > 0 && slots_[slots_.size() - 1].subscriber == kNobody) slots_.pop_back();
      while (hole < slots_.size() && slots_[hole].subscriber != kNobody) ++hole;
      if (hole >= slots_.size()) break;
      slots_[hole] = slots_[slots_.size() - 1];
      slots_.pop_back();
      moved(slots_[hole].subscriber, hole);
    }
    slots_.shrink();
    free_ = kNobody;
    tombstones_ = 0;
    position_ = 0;
  }

 private:
  std::uint32_t take_tombstone();

  InlineList<Member> slots_;
  std::uint32_t free_ = kNobody;  // first tombstone
  std::uint32_t tombstones_ = 0;
  std::uint32_t position_ = 0;   // of the sweep
  std::uint32_t owed_ = 0;       // slots until a full turn without an append
  std::uint32_t turn_left_ = 0;  // slots until the turn that began at turn_head_ is done
  Cursor turn_head_ = 0;
  Cursor swept_until_ = 0;
};

}  // namespace carillon::fanout
