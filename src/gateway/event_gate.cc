#include "gateway/event_gate.h"

#include <utility>

#include "base/soft_allocation.h"

namespace carillon::gateway {

void EventGate::close_until(std::string marker) {
  marker_ = std::move(marker);
  state_ = State::waiting;
}

void EventGate::open() {
  state_ = State::open;
  held_bytes_ = 0;
  if (held_.empty()) return;
  for (const Held& each : std::exchange(held_, {})) next_.on_event({each.channel, each.body});
  next_.on_batch_end();
}

void EventGate::on_event(const Event& event) {
  switch (state_) {
    case State::open:
    case State::failed:
      return next_.on_event(event);
    case State::waiting:
      return;
    case State::holding:
      return hold(event);
  }
}

void EventGate::hold(const Event& event) {
  const std::size_t bytes = event.channel.size() + event.body.size() + bus::kEventOverheadBytes;
  const auto keep = [&] { held_.push_back({std::string(event.channel), std::string(event.body)}); };
  if (held_bytes_ + bytes > kHeldBytesMax || !try_allocate(event.body.size(), keep)) {
    fail();
    return next_.on_event(event);
  }
  held_bytes_ += bytes;
}

void EventGate::on_batch_end() {
  if (state_ == State::open || state_ == State::failed) next_.on_batch_end();
}

// Before the marker nothing has been numbered, and the other process counts on.
void EventGate::on_gap() {
  if (state_ == State::waiting || state_ == State::holding) fail();
  next_.on_gap();
}

void EventGate::on_marker(std::string_view marker) {
  if (state_ == State::waiting && marker == marker_) {
    state_ = State::holding;
  } else if (on_marker_) {
    on_marker_(marker);
  }
}

// The events that were held are the first of this process.
void EventGate::fail() {
  open();
  state_ = State::failed;
}

}  // namespace carillon::gateway
