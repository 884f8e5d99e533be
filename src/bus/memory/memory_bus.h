#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "bus/bus.h"
#include "bus/status_keeper.h"

namespace carillon::bus {

// MemoryBus: events that stay in the process. A published event is received in a later turn of the loop,
// in order; then its `done` is called with `accepted`.
//
// Thread: the loop's. Bounded: kWaitingEventsMax events and kWaitingBytesMax bytes wait at most; a
// publish beyond is `unavailable`, a body over event_bytes_max is `refused`. A turn passes on at most
// kSliceEvents, so that a full queue does not hold up the loop.
class MemoryBus final : public Bus {
 public:
  static constexpr std::size_t kWaitingEventsMax = 10'000;
  static constexpr std::size_t kWaitingBytesMax = 64 * 1024 * 1024;  // or one event, or one request
  static constexpr std::size_t kSliceEvents = 512;

  MemoryBus(BusOptions options, reactor::Loop& loop, EventSink& sink, Log& log);
  ~MemoryBus() override;
  MemoryBus(const MemoryBus&) = delete;
  MemoryBus& operator=(const MemoryBus&) = delete;

  void start() override;
  void publish(std::string_view channel, std::string_view body, PublishDone done) override;
  const BusStatus& status() const override { return keeper_.status(); }
  const BusCounters& counters() const override { return counters_; }
  std::string_view display_url() const override { return keeper_.display_url(); }

 private:
  struct Waiting {
    std::string channel;
    std::string body;
    PublishDone done;
    PublishResult result;  // when not `accepted`, the event is only answered, not delivered
  };
  PublishResult judge(std::string_view channel, std::string_view body) const;
  void turn();
  void run_soon();
  bool is_wanted(std::string_view channel) const;

  const BusOptions options_;
  const std::size_t waiting_bytes_max_;
  reactor::Loop& loop_;
  EventSink& sink_;
  BusCounters counters_;
  StatusKeeper keeper_;
  std::deque<Waiting> waiting_;
  std::size_t waiting_events_ = 0;  // events among them that will be delivered
  std::size_t waiting_bytes_ = 0;
  bool started_ = false;
  reactor::Loop::TimerId timer_ = 0;
};

}  // namespace carillon::bus
