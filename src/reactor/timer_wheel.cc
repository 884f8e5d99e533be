#include "reactor/timer_wheel.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "base/assert.h"

namespace carillon::reactor {

// A timer's level is that of the highest six bits in which its tick differs from the present one, its
// slot there the value of those bits. So on the inner levels all timers lie ahead of the present slot,
// those of a lower level before those of a higher one, and time can go straight to the next slot that
// has any; only the outermost level goes round.
TimerWheel::TimerWheel(MonoTime start) : start_(start) {
  chunks_.push_back(std::make_unique<Chunk>());
  for (Id head = 0; head < kHeads; ++head) node(head) = Node{head, head, 0};
}

void TimerWheel::set(Owner owner, MonoTime deadline) {
  CARILLON_ASSERT(owner < kOwnersMax);
  const Id id = id_of(owner);
  while (!has_node(id)) chunks_.push_back(std::make_unique<Chunk>());
  if (node(id).next == kNone) {
    ++size_;
  } else {
    unlink(id);
  }
  place(id, tick_at_or_after(deadline));
}

void TimerWheel::cancel(Owner owner) {
  if (!is_set(owner)) return;
  unlink(id_of(owner));
  node(id_of(owner)) = Node{};
  --size_;
}

bool TimerWheel::is_set(Owner owner) const {
  return has_node(id_of(owner)) && node(id_of(owner)).next != kNone;
}

MonoTime TimerWheel::next_deadline() const {
  std::uint64_t tick = tick_;
  if (is_empty(kDue) && is_empty(kNextDue) && next_event(tick) == kNone) return MonoTime::max();
  return start_ + kTick * static_cast<std::int64_t>(tick);
}

void TimerWheel::collect(MonoTime now) {
  move_all(kNextDue, kDue);
  if (now < start_) return;
  const auto target = static_cast<std::uint64_t>((now - start_) / kTick);
  if (target <= tick_) return;
  std::uint64_t tick = 0;
  for (;;) {
    const Id slot = next_event(tick);
    if (slot == kNone || tick > target) break;
    tick_ = tick;
    // Out of the ring first: a timer of the outermost level may be placed in the same slot again.
    const Id first = node(slot).next;
    node(node(slot).previous).next = kNone;
    node(slot).next = node(slot).previous = slot;
    occupied_[slot / kSlots] &= ~(std::uint64_t{1} << slot % kSlots);
    for (Id id = first; id != kNone;) {
      const Id next = node(id).next;
      const std::uint64_t deadline = full_tick(node(id).deadline_tick);
      if (deadline == tick_) {
        link(kDue, id);
      } else {
        place(id, deadline);
      }
      id = next;
    }
  }
  tick_ = target;
}

bool TimerWheel::take_due(Owner& owner) {
  if (is_empty(kDue)) return false;
  owner = node(kDue).next - kHeads;
  cancel(owner);
  return true;
}

// The first slot that time will come to, and when; kNone when no timer is on the wheel.
TimerWheel::Id TimerWheel::next_event(std::uint64_t& tick) const {
  for (std::uint32_t level = 0; level < kLevels; ++level) {
    if (occupied_[level] == 0) continue;
    tick = level_event_tick(level);
    return level * kSlots + static_cast<std::uint32_t>(tick >> level * kSlotBits) % kSlots;
  }
  return kNone;
}

// When the level's next slot with timers begins. The slot of the present moment itself has been
// emptied: what is in it is a whole turn away, which happens on the outermost level only.
std::uint64_t TimerWheel::level_event_tick(std::uint32_t level) const {
  const std::uint64_t slots_passed = tick_ >> level * kSlotBits;
  const auto present = static_cast<int>(slots_passed % kSlots);
  const int ahead = std::countr_zero(std::rotr(occupied_[level], present + 1)) + 1;
  return (slots_passed + static_cast<std::uint64_t>(ahead)) << level * kSlotBits;
}

void TimerWheel::place(Id id, std::uint64_t deadline_tick) {
  node(id).deadline_tick = static_cast<std::uint32_t>(deadline_tick);
  if (deadline_tick <= tick_) return link(kNextDue, id);
  const auto differing_bits = static_cast<std::uint32_t>(std::bit_width(deadline_tick ^ tick_));
  const std::uint32_t level = std::min((differing_bits - 1) / kSlotBits, kLevels - 1);
  const auto slot = static_cast<std::uint32_t>(deadline_tick >> level * kSlotBits) % kSlots;
  occupied_[level] |= std::uint64_t{1} << slot;
  link(level * kSlots + slot, id);
}

std::uint64_t TimerWheel::full_tick(std::uint32_t deadline_tick) const {
  return tick_ + (deadline_tick - static_cast<std::uint32_t>(tick_));
}

// Rounded up, so that nothing fires early; cut to what 32 bits can distinguish from the present.
std::uint64_t TimerWheel::tick_at_or_after(MonoTime time) const {
  if (time <= start_) return 0;
  const std::uint64_t farthest = tick_ + std::numeric_limits<std::uint32_t>::max();
  const auto since_start = static_cast<std::uint64_t>((time - start_).count());
  const auto tick_length = static_cast<std::uint64_t>(kTick.count());
  return std::min(since_start / tick_length + (since_start % tick_length != 0 ? 1 : 0), farthest);
}

void TimerWheel::link(Id head, Id id) {
  const Id last = node(head).previous;
  node(id).next = head;
  node(id).previous = last;
  node(last).next = id;
  node(head).previous = id;
}

void TimerWheel::unlink(Id id) {
  const Id next = node(id).next;
  const Id previous = node(id).previous;
  node(previous).next = next;
  node(next).previous = previous;
  if (next == previous && next < kDue) occupied_[next / kSlots] &= ~(std::uint64_t{1} << next % kSlots);
}

void TimerWheel::move_all(Id from, Id to) {
  if (is_empty(from)) return;
  const Id first = node(from).next;
  const Id last = node(from).previous;
  const Id before = node(to).previous;
  node(before).next = first;
  node(first).previous = before;
  node(last).next = to;
  node(to).previous = last;
  node(from).next = node(from).previous = from;
}

}  // namespace carillon::reactor
