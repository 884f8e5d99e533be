#include "gateway/event_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bus/testing/sessions.h"

namespace carillon::gateway::testing {
namespace {

using bus::testing::RecordingSink;
using ::testing::ElementsAre;
using State = EventGate::State;

TEST(EventGate, IsOpenAtFirst) {
  RecordingSink sink;
  EventGate gate(sink);
  gate.on_event({"a", "1"});
  gate.on_batch_end();
  gate.on_gap();
  EXPECT_THAT(sink.lines, ElementsAre("a=1", "|", "GAP"));
}

TEST(EventGate, DropsWhatComesBeforeTheMarkerAndHoldsWhatComesAfterIt) {
  RecordingSink sink;
  EventGate gate(sink);
  gate.close_until("marker 1");
  gate.on_event({"a", "1"});
  gate.on_marker("marker 2");
  gate.on_event({"a", "2"});
  gate.on_batch_end();
  EXPECT_EQ(gate.state(), State::waiting);
  gate.on_marker("marker 1");
  EXPECT_EQ(gate.state(), State::holding);
  gate.on_event({"a", "3"});
  gate.on_event({"b", "4"});
  gate.on_batch_end();
  EXPECT_THAT(sink.lines, ElementsAre());
  gate.open();
  EXPECT_THAT(sink.lines, ElementsAre("a=3", "b=4", "|"));
  gate.on_event({"a", "5"});
  EXPECT_THAT(sink.lines, ElementsAre("a=3", "b=4", "|", "a=5"));
}

TEST(EventGate, TheStatusOfTheBusPassesAlways) {
  RecordingSink sink;
  EventGate gate(sink);
  gate.close_until("marker 1");
  gate.on_status({bus::BusState::up, {}, {}, {}});
  EXPECT_THAT(sink.lines, ElementsAre("UP"));
}

TEST(EventGate, AGapBeforeItIsOpenMakesTheMarkerWorthless) {
  for (const bool has_marker : {false, true}) {
    RecordingSink sink;
    EventGate gate(sink);
    gate.close_until("marker 1");
    if (has_marker) gate.on_marker("marker 1");
    gate.on_event({"a", "1"});
    gate.on_gap();
    EXPECT_EQ(gate.state(), State::failed);
    gate.on_marker("marker 1");
    gate.on_event({"a", "2"});
    EXPECT_EQ(gate.state(), State::failed);
    if (has_marker) {
      EXPECT_THAT(sink.lines, ElementsAre("a=1", "|", "GAP", "a=2"));
    } else {
      EXPECT_THAT(sink.lines, ElementsAre("GAP", "a=2"));
    }
  }
}

TEST(EventGate, HoldsAsManyBytesAsItMayAndWithOneMoreItOpens) {
  const std::size_t fits = EventGate::kHeldBytesMax - bus::kEventOverheadBytes - 1;
  for (const auto& [size, state] : {std::pair(fits - 1, State::holding), std::pair(fits, State::holding),
                                    std::pair(fits + 1, State::failed)}) {
    RecordingSink sink;
    EventGate gate(sink);
    gate.close_until("marker 1");
    gate.on_marker("marker 1");
    gate.on_event({"a", std::string(size, 'x')});
    EXPECT_EQ(gate.state(), state) << size;
    EXPECT_EQ(sink.events, state == State::failed ? 1 : 0);
  }
}

TEST(EventGate, PassesOtherMarkersOn) {
  RecordingSink sink;
  EventGate gate(sink);
  std::vector<std::string> markers;
  gate.call_on_marker([&markers](std::string_view marker) { markers.emplace_back(marker); });
  gate.on_marker("marker 1");
  gate.close_until("marker 2");
  gate.on_marker("marker 2");
  gate.on_marker("marker 3");
  EXPECT_THAT(markers, ElementsAre("marker 1", "marker 3"));
}

}  // namespace
}  // namespace carillon::gateway::testing
