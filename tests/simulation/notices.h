// NoticeExpectations: what one client must be told of the bus: of each gap that came while it was connected,
// once and between the right events, and of the state of the bus, in an order that has happened.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "client_host.h"

namespace carillon::simulation {

class NoticeExpectations {
 public:
  using Fault = std::optional<std::string>;

  // The node outlives it.
  NoticeExpectations(const NodeView& node, Profile profile) : node_(node), profile_(profile) {}

  // The connection opened after the feed's entry `earliest` and before the entry `latest`.
  void begin(int shard, std::uint64_t earliest, std::uint64_t latest);
  // More is known: it opened after the event with this number, and before the next one.
  void begin_after(std::uint64_t number);

  // A frame for a gap of the bus. `before`: the position in it; `latest`: how far the feed was when the frame
  // was written. Sets `place` to the order of the first event after the gap: all events with a lower one must
  // have come before this frame.
  Fault check_gap(std::string_view before, std::uint64_t latest, std::uint64_t& place);
  Fault check_degraded();
  Fault check_restored();
  // An event has come, which has the first of these orders at least and the second at most: they differ where
  // the event has come twice on the bus.
  Fault check_event(std::pair<std::uint64_t, std::uint64_t> orders) const;
  // The client has been given a position from which on it would resume.
  Fault check_position(std::uint64_t number) const;
  // What it has not been told of all that has happened by now.
  Fault missing() const;

 private:
  const NodeView& node_;
  const Profile profile_;
  int shard_ = 0;
  // How many of the gaps it has been told of, or has not been connected for: at least and at most. It is one
  // number unless a frame may have been for several gaps.
  struct {
    std::size_t least = 0;
    std::size_t most = 0;
  } told_;
  std::uint64_t place_ = 0;  // of the last gap that it was told of, as far as it is known
  struct {
    bool degraded = false;       // it has been told so, and not that the bus is back
    bool gap_since = false;      // and since then of a gap
    std::size_t interruption{};  // that it is told of, or the earliest one that it may be told of next
  } status_;
};

}  // namespace carillon::simulation
