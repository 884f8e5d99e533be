#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/time.h"

namespace carillon::reactor {

// TimerWheel: a one-shot timer for each of very many dense owner numbers (a connection's index), in 12 bytes
// per owner. Pure: the caller passes in the time.
//
// Thread: one. A timer fires in the first advance() at or after its deadline, never before, and at most one
// tick late. The wheel is hierarchical: four levels of 64 slots with ticks of 8 ms cover 37 hours; a later
// deadline waits on the outermost level and is sorted in again. A deadline more than 397 days (2^32 ticks)
// away fires after 397 days. Every operation takes constant time; a jump of hours costs no more than the
// timers that it passes.
class TimerWheel {
 public:
  using Owner = std::uint32_t;
  static constexpr Owner kOwnersMax = 1u << 30;
  static constexpr MonoClock::duration kTick = std::chrono::milliseconds(8);

  explicit TimerWheel(MonoTime start);

  void set(Owner owner, MonoTime deadline);  // moves the one that is set
  void cancel(Owner owner);                  // nothing, when none is set
  bool is_set(Owner owner) const;

  // Fires the timers that are due, in the order of their deadlines (to the tick): calls expired(owner) for
  // each, with its timer already unset. The callback may set and cancel timers, even ones that are due in the
  // same call. A timer that it sets fires in a later call even when it is due, so that a timer without a
  // delay cannot block the loop. A time before the last call's counts as that time.
  template <class Expired>
  void advance(MonoTime now, Expired&& expired) {
    collect(now);
    Owner owner = 0;
    while (take_due(owner)) expired(owner);
  }

  // Returns a time before which no timer is due; MonoTime::max() when there is none. It may be too early,
  // never late.
  MonoTime next_deadline() const;
  std::size_t size() const { return size_; }

 private:
  // An owner's timer, or the head of a ring of timers: the heads are the first nodes, so that a timer
  // leaves its ring without knowing which it is in, and an owner's node is found without a look-up.
  using Id = std::uint32_t;
  static constexpr Id kNone = 0xffffffff;
  struct Node {
    Id next = kNone;  // kNone: not set
    Id previous = kNone;
    std::uint32_t deadline_tick = 0;  // modulo 2^32; a timer on the wheel is less than that away
  };
  static_assert(sizeof(Node) == 12);

  static constexpr std::uint32_t kSlotBits = 6;
  static constexpr std::uint32_t kSlots = 1u << kSlotBits;
  static constexpr std::uint32_t kLevels = 4;
  static constexpr Id kDue = kLevels * kSlots;  // heads: the slots, then what this advance() fires,
  static constexpr Id kNextDue = kDue + 1;      // and what was due already when it was added
  static constexpr Id kHeads = kNextDue + 1;
  // Nodes come in chunks: growing moves none.
  static constexpr std::uint32_t kChunkBits = 12;
  using Chunk = std::array<Node, 1u << kChunkBits>;

  Node& node(Id id) { return (*chunks_[id >> kChunkBits])[id & ((1u << kChunkBits) - 1)]; }
  const Node& node(Id id) const { return (*chunks_[id >> kChunkBits])[id & ((1u << kChunkBits) - 1)]; }
  bool is_empty(Id head) const { return node(head).next == head; }

  static Id id_of(Owner owner) { return kHeads + owner; }
  bool has_node(Id id) const { return id >> kChunkBits < chunks_.size(); }
  void link(Id head, Id id);
  void unlink(Id id);
  void move_all(Id from, Id to);
  void place(Id id, std::uint64_t deadline_tick);
  std::uint64_t full_tick(std::uint32_t deadline_tick) const;
  std::uint64_t tick_at_or_after(MonoTime time) const;
  std::uint64_t level_event_tick(std::uint32_t level) const;
  Id next_event(std::uint64_t& tick) const;
  void collect(MonoTime now);
  bool take_due(Owner& owner);

  const MonoTime start_;
  std::uint64_t tick_ = 0;                         // all before it, and it, have been collected
  std::array<std::uint64_t, kLevels> occupied_{};  // a bit for each slot that has timers
  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::size_t size_ = 0;
};

}  // namespace carillon::reactor
