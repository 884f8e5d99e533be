#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/ref.h"
#include "fanout/frame.h"
#include "fanout/replay.h"

namespace carillon::fanout {

// Whether bytes are refused when the outbox is full.
enum class OutboxLimit : bool { applies, ignored };

// The event that a short write cut: the last one of its log that has been begun.
struct CutEvent {
  std::uint32_t log = 0;
  std::uint64_t number = 0;  // Frame::number(); 0: none, or without a number
};

// Outbox: the bytes that wait for one connection apart from its logs: replies, pings, the close frame, the
// rest of a half-sent frame, and the events of a replay. They are always sent before the logs. An Outbox
// exists only while it holds something.
//
// Thread: the shard's. Times are wrapping milliseconds (base/time.h).
class Outbox {
 public:
  // A rest up to this size is copied. A longer one keeps its frame alive instead, but only if the frame has a
  // block of its own: a stalled client must not keep 64 KiB of other events in memory.
  static constexpr std::size_t kCopyRestUpTo = 1024;

  // Stores the rest of a frame after a short write. The outbox must have no bytes, because a frame is begun
  // only when everything before it has been sent; a replay waits behind it. `since_ms`: when the event
  // arrived. `log`: of the frame.
  void put_rest(Ref<const Frame> frame, std::string_view rest, std::uint32_t since_ms, std::uint32_t log);
  // While the outbox exists, nothing of any log is sent after it.
  const CutEvent& cut() const { return cut_; }
  void put(std::string_view bytes, std::uint32_t now_ms);

  std::size_t size() const { return rest_.size() + bytes_.size() - sent_; }
  bool empty() const { return size() == 0 && !replay_; }
  // The memory of the outbox itself: without a rest that is part of its event's frame.
  std::size_t own_size() const { return bytes_.size() - sent_; }
  // When the oldest unsent byte was added; meaningless when empty. It is exact for the bytes that were added
  // first; bytes added while others waited count as one batch with the age of its first byte.
  std::uint32_t oldest_ms() const { return oldest_ms_; }

  // Begins or extends the replay (replay.h).
  Replay& replay(std::uint32_t now_ms);
  // Returns null when there is none. Its events are not part of size() until they are encoded.
  Replay* replay() { return replay_.get(); }
  const Replay* replay() const { return replay_.get(); }
  // The subscription to `log` has ended.
  void cancel_replay_of(std::uint32_t log);
  // Encodes the next events of the replay once everything before them has been sent. Returns how many.
  std::uint32_t refill(std::uint32_t now_ms, std::uint64_t until);

  // The bytes to send after all pending events (FanOut::finish); not part of size() until release_last().
  void set_last(std::string_view bytes) { last_.assign(bytes); }
  bool has_last() const { return !last_.empty(); }
  void release_last(std::uint32_t now_ms);

  // Fills up to two pieces and returns how many.
  int gather(iovec* out) const;
  // `count` bytes of what gather() returned have been sent.
  void consume(std::size_t count);

 private:
  Ref<const Frame> frame_;  // keeps rest_ alive
  std::string_view rest_;
  std::string bytes_;
  std::size_t sent_ = 0;  // of bytes_
  std::string last_;
  CutEvent cut_;
  std::size_t of_oldest_ = 0;  // bytes at the front that were added at oldest_ms_
  std::uint32_t oldest_ms_ = 0;
  std::uint32_t newer_ms_ = 0;      // when the bytes after them were added
  std::unique_ptr<Replay> replay_;  // null: none
};

}  // namespace carillon::fanout
