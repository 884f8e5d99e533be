// Events that a subscriber missed and is sent before anything of its logs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace carillon::fanout {

// ReplaySource: the missed events of one subscription, encoded when they are due.
class ReplaySource {
 public:
  virtual ~ReplaySource() = default;
  // Appends the frames of the next events, each whole, until about `bytes` have been appended or there are no
  // more. Returns the number of events: 0 when none was left.
  virtual std::uint32_t append_next(std::string& out, std::size_t bytes) = 0;
};

// Replay: what one subscriber is still to be sent of the past, one source after the other. While it lasts,
// the subscriber's logs wait and keep what it has not been sent, so it must be fast enough: a client that
// reads one byte per second would keep everything in memory.
//
// Thread: the shard's. Times are wrapping milliseconds (base/time.h).
class Replay {
 public:
  // How much is encoded at a time. A subscriber whose socket takes nothing occupies this much, however long
  // its replay is.
  static constexpr std::size_t kPieceBytes = 16 * 1024;
  static constexpr std::uint32_t kBytesPerSecondMin = 16 * 1024;
  // For how long it may be slower than that before it is judged.
  static constexpr std::uint32_t kGraceMs = 3000;

  explicit Replay(std::uint32_t now_ms) : began_ms_(now_ms) {}

  // `log`: the subscription that the events belong to. `after_gap`: the number of a gap that the subscriber
  // has not been told of, and that all of the events came after; 0 where there is none.
  void add(std::uint32_t log, std::unique_ptr<ReplaySource> source, std::uint64_t after_gap = 0) {
    sources_.push_back({log, std::move(source), after_gap});
  }
  // The subscription has ended: the rest of its events is not sent.
  void cancel(std::uint32_t log);
  bool is_done() const { return sources_.empty(); }

  // Whether events come next that may be from before the gap with this number.
  bool is_before_gap(std::uint64_t gap) const { return !is_done() && sources_.front().after_gap < gap; }
  // Appends the next piece, without the events that came after the gap `until`. Returns the number of events
  // in it; 0 when all have been sent.
  std::uint32_t append_next(std::string& out, std::uint64_t until);

  // Whether the subscriber takes the events too slowly, or has not taken all of them within `ms_max`.
  bool is_too_slow(std::uint32_t ms_max, std::uint32_t now_ms) const;
  // The process did not run for a while: only what follows counts.
  void restart(std::uint32_t now_ms);

 private:
  struct Source {
    std::uint32_t log;
    std::unique_ptr<ReplaySource> events;
    std::uint64_t after_gap;
  };
  std::vector<Source> sources_;
  std::uint32_t began_ms_;
  std::uint64_t bytes_ = 0;  // encoded since then
};

}  // namespace carillon::fanout
