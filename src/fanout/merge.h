// Merge: the logs of one subscriber, in the order of their events. For the engine's own files.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "fanout/fan_out.h"
#include "fanout/visit.h"

namespace carillon::fanout {

// Merge: gathers the logs of one subscriber in the order of their events' numbers, up to the limits of the
// visit. The logs hold every event up to one number, because batches are appended as a whole before anything
// is written; so after each write the subscriber has a beginning of the sequence, without holes.
//
// It costs a look at each log with pending events, and logarithmic time for each change from one log to
// another.
class FanOut::Merge {
 public:
  static constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

  // Gathers events up to `number_max`. Returns false, without changing anything, when it finds a cursor whose
  // events were dropped. Not inline: its heap would cost the subscribers that need no merge.
  [[gnu::noinline]] static bool gather(const FanOut& engine, SubscriberId id, std::uint64_t number_max,
                                       Visit& visit);

 private:
  // The next event of one log.
  struct Next {
    std::uint64_t number;
    std::uint32_t subscription;
    Cursor cursor;
  };
  static bool is_earlier(const Next& a, const Next& b) { return a.number < b.number; }
  static bool is_later(const Next& a, const Next& b) { return a.number > b.number; }

  Merge(const FanOut& engine, SubscriberId id, std::uint64_t number_max)
      : engine_(engine), id_(id), number_max_(number_max) {}
  bool gather(Visit& visit);
  bool find_next();
  void leave_out(Next next);
  bool add_run(Visit& visit, Next& next, std::uint64_t until);

  Next* end() { return nexts_.data() + size_; }
  const LogState& log_of(std::uint32_t subscription) const {
    return engine_.logs_[engine_.subscribers_[id_].subscriptions[subscription].log()];
  }

  const FanOut& engine_;
  const SubscriberId id_;
  std::array<Next, kPiecesMax> nexts_;
  std::size_t size_ = 0;
  std::uint64_t number_max_;  // also the earliest event of the logs that are left out
};

}  // namespace carillon::fanout
