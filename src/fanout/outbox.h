#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ref.h"
#include "fanout/frame.h"

namespace carillon::fanout {

// Whether bytes for an outbox that is full are refused.
enum class OutboxLimit : bool { applies, ignored };

// Outbox: what one connection is owed apart from its logs: replies, pings, the close frame, the rest
// of a half-written frame. It always goes before the logs. Exists only while it holds something.
//
// Thread: the shard's. Times are wrapping milliseconds (base/time.h).
class Outbox {
 public:
  // A rest up to this size is copied. A longer one keeps its frame alive instead, but only where the
  // frame has its block to itself: a stalled reader must not pin 64 KiB of other people's events.
  static constexpr std::size_t kCopyRestUpTo = 1024;

  // The rest of a frame after a short write. Only into an empty outbox: a frame is begun only when
  // everything that stood before it is out. `since_ms`: when the event came.
  void put_rest(Ref<const Frame> frame, std::string_view rest, std::uint32_t since_ms);
  void put(std::string_view bytes, std::uint32_t now_ms);

  std::size_t size() const { return rest_.size() + bytes_.size() - sent_; }
  bool empty() const { return size() == 0; }
  // What the connection itself holds: without a rest that lies in its event's frame.
  std::size_t own_size() const { return bytes_.size() - sent_; }
  // Since when the oldest unsent byte waits; meaningless when empty. Exact for the bytes that were put
  // first; those put while others waited count as one batch with the age of its first byte.
  std::uint32_t oldest_ms() const { return oldest_ms_; }

  // Bytes that wait for the cursors (FanOut::finish); not part of size() until release_last().
  void set_last(std::string_view bytes) { last_.assign(bytes); }
  bool has_last() const { return !last_.empty(); }
  void release_last(std::uint32_t now_ms);

  // Fills up to two pieces; returns how many.
  int gather(iovec* out) const;
  // `count` bytes of what gather() gave are out.
  void consume(std::size_t count);

 private:
  Ref<const Frame> frame_;  // keeps rest_ alive
  std::string_view rest_;
  std::string bytes_;
  std::size_t sent_ = 0;  // of bytes_
  std::string last_;
  std::size_t of_oldest_ = 0;  // bytes at the front that wait since oldest_ms_
  std::uint32_t oldest_ms_ = 0;
  std::uint32_t newer_ms_ = 0;  // since when the bytes behind them wait
};

}  // namespace carillon::fanout
