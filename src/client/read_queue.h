// ReadQueue: the connections that have bytes to be read, and how much of a loop turn reading may take.
//
// epoll is edge-triggered: whatever is left unread has to be queued here, or it is never read. One visit to a
// connection is short (Reader bounds its bytes, the sessions its frames, requests and commands), so the queue
// goes round all connections; a turn's visits end when their time is used up, as a write slice does.
//
// Connections wait in lanes. The lane that has used the least time goes next, so a crowd in one lane cannot
// delay the others by more than one visit: the next request of a publisher does not wait behind three hundred
// clients that connect at once, nor behind those that never stop sending.
//
// A paused connection waits beside the lanes: it is not visited until its outbox has room for what it is
// owed.
//
// Pure: the shard passes in the time, about one look at the precise clock a visit. Thread: the shard's.
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
    handshake,  // TLS that is not open yet: a visit may cost a signature
    first_request,
    request,  // fresh bytes of an HTTP connection that has had an answer: a publisher, a scraper
    count
  };
  struct Waiting {
    std::uint32_t index;
    std::uint32_t generation;
  };
  // Of one turn, should the clock stand still.
  static constexpr int kVisitsATurnMax = 4096;

  // At the end of its lane. The shard queues a connection once at a time.
  void push(Lane lane, Waiting connection);
  bool empty() const { return waiting_ == 0; }

  // Begins a turn's reading: visits begin until `slice` has passed.
  void begin_slice(MonoTime now, MonoClock::duration slice);
  // The connection to visit next; nothing when none waits or the slice is over.
  std::optional<Waiting> next();
  // The visit that next() began has ended: its time is charged to its lane.
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
  MonoClock::duration served_{0};  // what the lane had used that was visited last: the queue's own time
  std::size_t visited_ = 0;        // the lane of the visit under way
  MonoTime now_{};
  MonoTime slice_end_{};
  int visits_left_ = 0;
};

}  // namespace carillon::client
