// NodeDrain: the end of a node, from the signal to the stop of its loops. In a shutdown:
//
//   begin()  is_shutting_down(): /ready and /health answer 503. Everything else goes on as before, for
//            server.drain_delay: load balancers need some seconds to notice, and clients that they still send
//            are admitted.
//   then     Admission refuses upgrades, and the shards close their clients, evenly over the window.
//   end      No client is left, or the time for the last bytes is over (DrainEnd): the loops stop.
//
// It takes at most delay + longest + DrainEnd::kLastBytes. A handover has no delay and refuses no client: the
// node stops listening at once, because another process accepts from the same sockets, and serves the clients
// that it has accepted before it closes them as well.
//
// Thread: loop 0's; is_shutting_down() may be called on any.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "base/log.h"
#include "client/admission.h"
#include "gateway/drain.h"
#include "gateway/shard.h"
#include "reactor/loop.h"

namespace carillon::gateway {

class NodeDrain {
 public:
  // All of it outlives the loops' run.
  struct Parts {
    client::Admission& admission;
    const std::vector<std::unique_ptr<reactor::Loop>>& loops;
    const std::vector<std::unique_ptr<Shard>>& shards;
    Log& log;
    std::function<void()> stop;  // ends the run of every loop
  };
  explicit NodeDrain(Parts parts) : parts_(std::move(parts)) {}
  NodeDrain(const NodeDrain&) = delete;
  NodeDrain& operator=(const NodeDrain&) = delete;

  // Call once. Returns the window over which the clients that are connected now would be closed; with a delay
  // their number may still change.
  milliseconds begin(const DrainTimes& times, DrainKind kind);
  bool is_shutting_down() const { return shutting_down_.load(std::memory_order_relaxed); }

 private:
  milliseconds window_of(const DrainTimes& times) const;
  void close_clients(const DrainTimes& times, DrainKind kind);
  void look_whether_over(DrainEnd end);
  void stop_listening();

  const Parts parts_;
  std::atomic<bool> shutting_down_{false};
};

}  // namespace carillon::gateway
