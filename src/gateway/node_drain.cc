#include "gateway/node_drain.h"

#include "base/assert.h"

namespace carillon::gateway {
namespace {

constexpr auto kLookEvery = milliseconds(10);

}  // namespace

milliseconds NodeDrain::begin(const DrainTimes& times, DrainKind kind) {
  const milliseconds window = window_of(times);
  if (kind == DrainKind::handover) {
    for (std::size_t i = 0; i < parts_.shards.size(); ++i) {
      parts_.loops[i]->post_always([shard = parts_.shards[i].get()] {
        shard->acceptor().stop_listening_on_left_over();  // which the other process does not have
        shard->acceptor().stop_listening();
      });
    }
    close_clients(times, kind);
    return window;
  }
  CARILLON_ASSERT(!is_shutting_down());
  shutting_down_.store(true, std::memory_order_relaxed);
  if (times.delay == milliseconds(0)) {
    close_clients(times, kind);
    return window;
  }
  parts_.loops.front()->call_after(times.delay, [this, times, kind] {
    parts_.log.info("closing clients",
                    {{"window_ms", std::int64_t{window_of(times).count()}},
                     {"connections", static_cast<std::int64_t>(parts_.admission.connections())}});
    close_clients(times, kind);
  });
  return window;
}

milliseconds NodeDrain::window_of(const DrainTimes& times) const {
  return drain_window(times.longest, parts_.admission.connections(), times.rate);
}

void NodeDrain::close_clients(const DrainTimes& times, DrainKind kind) {
  if (kind == DrainKind::shutdown) parts_.admission.begin_drain();
  const milliseconds window = window_of(times);
  for (std::size_t i = 0; i < parts_.shards.size(); ++i) {
    parts_.loops[i]->post_always(
        [shard = parts_.shards[i].get(), window, kind] { shard->begin_drain(window, kind); });
  }
  look_whether_over(DrainEnd(parts_.loops.front()->now(), window, times.longest));
}

void NodeDrain::look_whether_over(DrainEnd end) {
  parts_.loops.front()->call_after(kLookEvery, [this, end] {
    std::uint64_t clients = 0;
    std::uint64_t requests = 0;
    for (const auto& shard : parts_.shards) {
      clients += shard->drain().clients_left();
      requests += shard->drain().requests_left();
    }
    if (end.is_over(parts_.loops.front()->now(), clients, requests)) {
      parts_.stop();
      return;
    }
    if (clients == 0) stop_listening();
    look_whether_over(end);
  });
}

// In a shutdown after the last client has left; accepted requests are still finished. If a loop refuses the
// post, the next check tries again.
void NodeDrain::stop_listening() {
  for (std::size_t i = 0; i < parts_.shards.size(); ++i) {
    parts_.loops[i]->post([shard = parts_.shards[i].get()] { shard->acceptor().stop_listening(); });
  }
}

}  // namespace carillon::gateway
