#include "bus/memory/memory_bus.h"

#include <gtest/gtest.h>

#include "bus/testing/sessions.h"
#include "reactor/testing/fake_loop.h"

namespace carillon::bus {
namespace {

using testing::patterns;
using testing::RecordingSink;
using testing::Tally;
using Lines = std::vector<std::string>;

struct Fixture {
  reactor::FakeLoop loop;
  RecordingSink sink;
  NullLog log;
  Tally tally;
  std::unique_ptr<Bus> bus;

  explicit Fixture(std::initializer_list<std::string_view> wanted = {"*"}) {
    BusOptions options;
    options.url = "memory:";
    options.patterns = patterns(wanted);
    options.node_id = "n1";
    options.event_bytes_max = 1000;
    bus = make_bus(std::move(options), loop, sink, log).value();
  }
  void start() {
    bus->start();
    EXPECT_TRUE(sink.lines.empty()) << "never from inside start()";
    loop.settle();
    sink.lines.clear();
  }
};

TEST(MemoryBus, IsUpOneTurnAfterItsStart) {
  Fixture f;
  EXPECT_EQ(f.bus->status().state, BusState::connecting);
  f.bus->start();
  EXPECT_TRUE(f.sink.lines.empty());
  f.loop.settle();
  EXPECT_EQ(f.sink.lines, (Lines{"UP"}));
  EXPECT_EQ(f.bus->status().state, BusState::up);
  EXPECT_EQ(f.bus->display_url(), "memory:");
}

TEST(MemoryBus, DeliversInALaterTurnInOrderThenAccepts) {
  Fixture f({"a.*"});
  f.start();
  f.bus->publish("a.1", "x", [&](PublishResult) { f.sink.lines.emplace_back("done x"); });
  f.bus->publish("b", "not wanted", f.tally.done());
  f.bus->publish("a.2", "y", f.tally.done());
  EXPECT_TRUE(f.sink.lines.empty());
  f.loop.settle();
  EXPECT_EQ(f.sink.lines, (Lines{"a.1=x", "a.2=y", "|", "done x"}));
  EXPECT_EQ(f.tally.accepted, 2);
  EXPECT_EQ(f.bus->counters().events_in.load(), 2U);
  EXPECT_EQ(f.bus->counters().published.load(), 3U);
}

TEST(MemoryBus, TheQueueIsBounded) {
  Fixture f;
  f.start();
  for (std::size_t i = 0; i < MemoryBus::kWaitingEventsMax + 1; ++i) f.bus->publish("c", "x", f.tally.done());
  f.loop.settle();
  EXPECT_EQ(f.tally.accepted, static_cast<int>(MemoryBus::kWaitingEventsMax));
  EXPECT_EQ(f.tally.unavailable, 1);
  EXPECT_EQ(f.sink.events, static_cast<int>(MemoryBus::kWaitingEventsMax));
  f.bus->publish("c", "room again", f.tally.done());
  f.loop.settle();
  EXPECT_EQ(f.tally.unavailable, 1);
  EXPECT_EQ(f.bus->counters().publish_failures.load(), 1U);
}

// A body of a legal size was answered 503 whenever it came.
TEST(MemoryBus, TakesOneEventOfTheLongestLegalSizeWhateverThatIs) {
  BusOptions options;
  options.event_bytes_max = MemoryBus::kWaitingBytesMax + 1;
  reactor::FakeLoop loop;
  RecordingSink sink;
  NullLog log;
  MemoryBus bus(std::move(options), loop, sink, log);
  bus.start();
  loop.settle();
  Tally tally;
  bus.publish("c", std::string(MemoryBus::kWaitingBytesMax + 1, 'x'), tally.done());
  loop.settle();
  EXPECT_EQ(tally.accepted, 1);
}

TEST(MemoryBus, ABodyOverTheLimitIsRefused) {
  Fixture f;
  f.start();
  for (const std::size_t size : {999U, 1000U, 1001U})
    f.bus->publish("c", std::string(size, 'x'), f.tally.done());
  f.loop.settle();
  EXPECT_EQ(f.tally.accepted, 2);
  EXPECT_EQ(f.tally.refused, 1);
}

TEST(MemoryBus, APublishFromACallbackWaitsForTheNextTurn) {
  Fixture f;
  f.start();
  f.bus->publish("c", "1", [&](PublishResult) { f.bus->publish("c", "2", f.tally.done()); });
  f.loop.turn();
  EXPECT_EQ(f.sink.events, 1);
  f.loop.turn();
  EXPECT_EQ(f.sink.events, 2);
  EXPECT_EQ(f.tally.accepted, 1);
}

TEST(MemoryBus, BeforeTheStartItIsUnavailable) {
  Fixture f;
  f.bus->publish("c", "1", f.tally.done());
  EXPECT_EQ(f.tally.all(), 0) << "never from inside publish()";
  f.loop.settle();
  EXPECT_EQ(f.tally.unavailable, 1);
  EXPECT_EQ(f.sink.events, 0);
}

TEST(MemoryBus, DestroyedItLeavesNothingInTheLoop) {
  Fixture f;
  f.start();
  f.bus->publish("c", "1", f.tally.done());
  f.bus.reset();
  EXPECT_EQ(f.loop.timer_count(), 0U);
  f.loop.settle();
  EXPECT_EQ(f.tally.all(), 0);
}

TEST(MakeBus, RefusesAUrlWithoutRepeatingIt) {
  reactor::FakeLoop loop;
  RecordingSink sink;
  NullLog log;
  BusOptions options;
  options.url = "redis://:hunter2@host:x";
  const auto bus = make_bus(std::move(options), loop, sink, log);
  ASSERT_FALSE(bus);
  EXPECT_EQ(bus.error().message.find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace carillon::bus
