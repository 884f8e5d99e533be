// TimerWheel: very many one-shot timers of an owner number each, 16 bytes a timer. Pure: fed the time.
//
// Thread: one. A timer fires in the first advance() at or after its deadline, never before; at most
// one tick late. Hierarchical: four levels of 64 slots over ticks of 8 ms reach 37 hours; a later
// deadline waits on the outermost level and is looked at again.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/time.h"

namespace carillon::reactor {

class TimerWheel {
 public:
  using Id = std::uint32_t;
  static constexpr Id kNone = 0xffffffff;
  static constexpr MonoClock::duration kTick = std::chrono::milliseconds(8);

  explicit TimerWheel(MonoTime start);

  Id add(MonoTime deadline, std::uint32_t owner);
  void move(Id id, MonoTime deadline);  // of a timer that has not fired
  void remove(Id id);                   // ditto

  // Fires what is due: calls expired(owner) for each, its id already free. The callback may add, move
  // and remove timers, also ones that are due in this very call.
  template <class Expired>
  void advance(MonoTime now, Expired&& expired) {
    collect(now);
    std::uint32_t owner = 0;
    while (take_due(owner)) expired(owner);
  }

  // No timer is due before this; MonoTime::max() when there is none. May be early, never late.
  MonoTime next_deadline() const;
  std::size_t size() const { return size_; }

 private:
  struct Node {
    std::uint32_t next;
    std::uint32_t previous;
    std::uint32_t deadline_tick;
    std::uint32_t owner;
  };
  void collect(MonoTime now);
  bool take_due(std::uint32_t& owner);
  // (The rest of the private part is the implementer's.)
  std::size_t size_ = 0;
};

}  // namespace carillon::reactor
