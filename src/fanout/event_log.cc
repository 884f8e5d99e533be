#include "fanout/event_log.h"

#include <cstdlib>
#include <new>

#include "base/assert.h"

namespace carillon::fanout {

EventLog::~EventLog() { drop_until(head_); }

void EventLog::append(const Ref<const Frame>& frame, std::uint32_t now_ms, Tag tag) {
  const std::uint32_t start = this->size() == 0 ? 0 : end();
  if (!ring_ || this->size() == mask_ + 1) grow();
  const std::string_view plain = frame->plain();
  const auto size = static_cast<std::uint32_t>(plain.size());
  frame->add_ref();  // the entry's own count
  ring_[head_ & mask_] = {plain.data(), frame.get(), size, start, now_ms, tag};
  ++head_;
}

void EventLog::drop_until(Cursor cursor) {
  CARILLON_ASSERT(head_ - cursor <= size());
  for (; tail_ != cursor; ++tail_) {
    const Frame* frame = at(tail_).frame;
    if (frame->release_ref()) Frame::destroy(frame);
  }
  // A channel without pending events costs its record only.
  if (tail_ == head_) {
    std::free(ring_);
    ring_ = nullptr;
    mask_ = 0;
  }
}

void EventLog::grow() {
  const std::uint32_t capacity = ring_ ? (mask_ + 1) * 2 : 1;
  auto* grown = static_cast<LogEntry*>(std::malloc(capacity * sizeof(LogEntry)));
  if (!grown) throw std::bad_alloc();
  for (Cursor c = tail_; c != head_; ++c) grown[c & (capacity - 1)] = at(c);
  std::free(ring_);
  ring_ = grown;
  mask_ = capacity - 1;
}

void EventLog::start_numbers_at(Cursor first) {
  CARILLON_ASSERT(size() == 0);
  head_ = tail_ = first;
}

}  // namespace carillon::fanout
