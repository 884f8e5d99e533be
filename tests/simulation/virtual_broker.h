// VirtualBroker: a broker that everything is published to, and VirtualBus: one node's link to it.
//
// A link delivers in order, after a delay. It can drop, go silent for a while (it is up and delivers
// nothing), and deliver again what came just before it dropped; after each of these it reports a gap to the
// node, as bus/bus.h requires.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bus/bus.h"
#include "dice.h"
#include "feed.h"
#include "virtual_loop.h"

namespace carillon::simulation {

class VirtualBus;

class VirtualBroker {
 public:
  explicit VirtualBroker(Dice& dice) : dice_(dice) {}

  // The bus of one node. `feed` gets what the node's Router is given.
  Result<std::unique_ptr<bus::Bus>> connect(bus::BusOptions options, reactor::Loop& loop,
                                            bus::EventSink& sink, Feed& feed);

  // To every link that is up.
  void publish(std::string_view channel, std::string_view body);
  // All links drop, and come back after `away`.
  void restart(milliseconds away);

  const std::vector<VirtualBus*>& links() const { return links_; }
  Dice& dice() { return dice_; }

  milliseconds delay_max{3};            // of an event on a link
  std::uint32_t duplicates_max = 0;     // events delivered again after a link has come back
  std::uint32_t refused_publishes = 0;  // in percent

 private:
  friend class VirtualBus;
  Dice& dice_;
  std::vector<VirtualBus*> links_;
};

class VirtualBus final : public bus::Bus {
 public:
  VirtualBus(VirtualBroker& broker, bus::BusOptions options, reactor::Loop& loop, bus::EventSink& sink,
             Feed& feed);
  ~VirtualBus() override;
  VirtualBus(const VirtualBus&) = delete;
  VirtualBus& operator=(const VirtualBus&) = delete;

  // --- faults ---
  void drop(milliseconds away);
  void go_silent(milliseconds until_noticed);
  bool is_up() const { return status_.state == bus::BusState::up; }

  // --- Bus ---
  void start() override;
  void publish(std::string_view channel, std::string_view body, bus::PublishDone done) override;
  const bus::BusStatus& status() const override { return status_; }
  const bus::BusCounters& counters() const override { return counters_; }
  std::string_view display_url() const override { return "virtual:"; }

 private:
  friend class VirtualBroker;
  struct Event {
    MonoTime at;
    std::string channel;
    std::string body;
  };
  struct Publish {
    std::string channel;
    std::string body;
    bus::PublishDone done;
  };

  void arrive(std::string_view channel, std::string_view body);
  void deliver_due();
  void hand_on(const Event& event);
  void end_batch();
  void come_up();
  void answer(const Publish& publish);
  void schedule();

  VirtualBroker& broker_;
  const bus::BusOptions options_;
  reactor::Loop& loop_;
  bus::EventSink& sink_;
  Feed& feed_;
  bus::BusStatus status_;
  bus::BusCounters counters_;
  std::deque<Event> coming_;
  std::deque<Event> recent_;  // delivered last; may come again
  bool silent_ = false;
  bool was_up_ = false;
  reactor::Loop::TimerId timer_ = 0;
  reactor::Loop::TimerId link_timer_ = 0;
  reactor::Loop::TimerId late_end_ = 0;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);  // of answers that are still to come
};

}  // namespace carillon::simulation
