#include "fanout/members.h"

#include "base/assert.h"

namespace carillon::fanout {

std::uint32_t Members::join(std::uint32_t subscriber, Cursor head) {
  if (tombstones_ > 0) {
    const std::uint32_t position = take_tombstone();
    slots_[position] = {subscriber, head};
    return position;
  }
  slots_.push_back({subscriber, head});
  // The current turn grew by one slot; without this it would end one slot too early.
  if (slots_left_ > 0) {
    ++slots_left_;
    ++turn_left_;
  }
  return slots_.size() - 1;
}

void Members::leave(std::uint32_t position) {
  CARILLON_ASSERT(position < slots_.size() && slots_[position].subscriber != kNoSubscriber);
  slots_[position] = {kNoSubscriber, free_};
  free_ = position;
  ++tombstones_;
}

std::uint32_t Members::take_tombstone() {
  const std::uint32_t position = free_;
  free_ = slots_[position].cursor;
  --tombstones_;
  return position;
}

void Members::start_full_turn(Cursor head_before_append) {
  if (slots_left_ == 0) {
    // Between sweeps every member that could take bytes has everything.
    swept_until_ = head_before_append;
    turn_head_ = head_before_append + 1;
    turn_left_ = slots_.size();
  }
  slots_left_ = slots_.size();
}

Member& Members::advance(Cursor head_now) {
  CARILLON_ASSERT(slots_left_ > 0);
  if (position_ >= slots_.size()) position_ = 0;
  Member& member = slots_[position_++];
  --slots_left_;
  if (--turn_left_ == 0) {
    swept_until_ = turn_head_;
    turn_head_ = head_now;
    turn_left_ = slots_.size();
  }
  if (slots_left_ == 0) swept_until_ = head_now;
  return member;
}

}  // namespace carillon::fanout
