// EventGate: stands between the bus and the Router. In a process that takes over it is closed at first:
// events before the marker are left to the history of the other process, and those after it wait until that
// history has come, so that each event is numbered as the other process numbers it. Afterwards it is open,
// and passes everything on.
//
// Thread: loop 0's. Lifetime: the bus and the Router outlive its use; events wait as copies.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "bus/bus.h"

namespace carillon::gateway {

class EventGate final : public bus::EventSink {
 public:
  // Events that wait, with their overhead: those of a second or two. With one more the gate opens, and the
  // handover has failed.
  static constexpr std::size_t kHeldBytesMax = 64 * 1024 * 1024;

  explicit EventGate(bus::EventSink& next) : next_(next) {}

  // Drops events until `marker` comes, and holds those after it.
  void close_until(std::string marker);
  // Passes on what it holds, and from then on everything.
  void open();

  enum class State {
    open,
    waiting,  // for the marker
    holding,
    failed,  // open again, because of a gap or too many events; the marker counts for nothing
  };
  State state() const { return state_; }

  // `use` is called for each marker that the gate does not wait for, at its place between the events.
  void call_on_marker(std::function<void(std::string_view)> use) { on_marker_ = std::move(use); }

  void on_event(const Event& event) override;
  void on_batch_end() override;
  void on_gap() override;
  void on_status(const bus::BusStatus& status) override { next_.on_status(status); }
  void on_marker(std::string_view marker) override;

 private:
  struct Held {
    std::string channel;
    std::string body;
  };
  void hold(const Event& event);
  void fail();

  bus::EventSink& next_;
  State state_ = State::open;
  std::string marker_;
  std::deque<Held> held_;
  std::size_t held_bytes_ = 0;
  std::function<void(std::string_view)> on_marker_;
};

}  // namespace carillon::gateway
