// ReadQueue: the connections that have bytes to be read, and how much time of a loop turn reading may take.
//
// epoll is edge-triggered: a connection with unread bytes must be queued here, or it is never read again. One
// visit to a connection is short (Reader bounds its bytes, the sessions its frames, requests and commands),
// so every connection gets its turn. The visits of a turn end when its read slice is used up.
//
// Connections wait in lanes. The lane that has used the least time is visited next, so a crowd in one lane
// delays the others by at most one visit: the next request of a publisher waits neither behind three hundred
// clients that connect at once nor behind clients that never stop sending.
//
// A paused connection is in no lane: it is not visited until its outbox has room for its replies.
//
// Pure: the shard passes in the time, with about one read of the precise clock per visit. Thread: the
// shard's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "base/time.h"

namespace carillon::client {

class ReadQueue {
 public:
  enum class Lane : std::uint8_t {
    fresh,      // bytes have arrived since everything was read
    rest,       // the last visit left bytes unread
    handshake,  // a TLS handshake: a visit may cost a signature
    first_request,
    request,  // fresh bytes of an HTTP connection that has been answered before: a publisher, a scraper
    count
  };
  struct Waiting {
    std::uint32_t index;
    std::uint32_t generation;
  };
  // Maximum number of visits per turn, in case the clock stands still.
  static constexpr int kVisitsATurnMax = 4096;

  // Appends a connection to its lane. It must not be queued already.
  void push(Lane lane, Waiting connection);
  bool empty() const { return waiting_ == 0; }

  // Begins the reading of a turn: next() returns connections until `slice` has passed.
  void begin_slice(MonoTime now, MonoClock::duration slice);
  // The connection to visit next; nothing when none waits or the slice is over.
  std::optional<Waiting> next();
  // Ends the visit that next() began, and charges its time to its lane.
  void end_visit(MonoTime now);
  bool slice_is_over() const { return now_ >= slice_end_ || visits_left_ == 0; }

  void add_paused(Waiting connection) { paused_.push_back(connection); }
  // Those that were paused since the last call.
  std::vector<Waiting> take_paused() { return std::exchange(paused_, {}); }

 private:
  struct Queue {
    std::deque<Waiting> waiting;
    MonoClock::duration used{0};
  };

  std::array<Queue, static_cast<std::size_t>(Lane::count)> lanes_;
  std::vector<Waiting> paused_;
  std::size_t waiting_ = 0;
  MonoClock::duration served_{0};  // what the last visited lane has used: the queue's own time
  std::size_t visited_ = 0;        // the lane of the current visit
  MonoTime now_{};
  MonoTime slice_end_{};
  int visits_left_ = 0;
};

}  // namespace carillon::client
