#pragma once

#include <cstdint>

#include "base/ref.h"
#include "event/tag.h"
#include "fanout/frame.h"

namespace carillon::fanout {

using Cursor = std::uint32_t;

// One event in a log.
struct LogEntry {
  const char* data;    // the plain frame
  const Frame* frame;  // the log holds one reference
  std::uint32_t size;
  std::uint32_t start;        // bytes before this entry since the log was last empty, wrapping
  std::uint32_t appended_ms;  // wrapping milliseconds, for the age of a slow consumer's oldest byte
  Tag tag;
};

static_assert(sizeof(LogEntry) == 32);

// EventLog: the ring of events that a channel (or a stream that many subscribers receive identically)
// retains. The log is the queue: a subscriber is a cursor into it, the number of the next event to send to
// it.
//
// Thread: the shard's. Numbers are 32-bit and wrap; a log never holds 2^31 entries.
class EventLog {
 public:
  EventLog() = default;
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;
  ~EventLog();

  Cursor head() const { return head_; }  // the number the next event will get
  Cursor tail() const { return tail_; }  // the oldest event retained; head() when there is none
  std::uint32_t size() const { return head_ - tail_; }
  std::uint32_t bytes() const { return size() == 0 ? 0 : end() - at(tail_).start; }

  void append(const Ref<const Frame>& frame, std::uint32_t now_ms, Tag tag = 0);
  void drop_until(Cursor cursor);  // drops the entries before `cursor`; frees the ring when empty

  const LogEntry& at(Cursor cursor) const { return ring_[cursor & mask_]; }

  // The first event from `from` on, which is not dropped, that `includes` refuses by its number; head() when
  // there is none. It refuses all events after the first one that it refuses.
  template <class Includes>
  Cursor end_of(Includes includes, Cursor from) const {
    std::uint32_t left = head_ - from;
    while (left > 0) {
      const std::uint32_t half = left / 2;
      if (includes(at(from + half).frame->number())) {
        from += half + 1;
        left -= half + 1;
      } else {
        left = half;
      }
    }
    return from;
  }

  // How many events a cursor still has to receive, including those that were dropped.
  std::uint32_t pending(Cursor cursor) const { return head_ - cursor; }
  // How many of those were dropped.
  std::uint32_t lost(Cursor cursor) const {
    const std::uint32_t behind = pending(cursor);
    return behind > size() ? behind - size() : 0;
  }
  // Bytes not yet sent to this cursor; the whole log for a cursor that has lost events.
  std::uint32_t pending_bytes(Cursor cursor) const {
    if (pending(cursor) == 0) return 0;
    return lost(cursor) != 0 ? bytes() : end() - at(cursor).start;
  }

  // The memory of the ring itself.
  std::uint32_t ring_bytes() const { return ring_ ? (mask_ + 1) * std::uint32_t{sizeof(LogEntry)} : 0; }

  // For tests, which begin near the wrap-around.
  void start_numbers_at(Cursor first);

 private:
  void grow();
  // Where the next event's bytes begin. Only while the log is not empty.
  std::uint32_t end() const {
    const LogEntry& last = at(head_ - 1);
    return last.start + last.size;
  }

  LogEntry* ring_ = nullptr;
  Cursor head_ = 0;
  Cursor tail_ = 0;
  std::uint32_t mask_ = 0;
};

}  // namespace carillon::fanout
