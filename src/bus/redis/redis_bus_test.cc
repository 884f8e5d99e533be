// RedisBus over scripted connections and a loop with manual time: the composition, without a kernel.
#include "bus/redis/redis_bus.h"

#include <gtest/gtest.h>

#include "bus/redis/testing/redis_bus_stage.h"

namespace carillon::bus {
namespace {

using testing::acknowledgement;
using testing::array;
using testing::kAcknowledged;
using Fixture = testing::RedisBusStage;
using Lines = std::vector<std::string>;

TEST(RedisBus, IsUpOnlyWhenBothLinksAreReadyAndAProbeCameThrough) {
  Fixture f;
  f.bus->start();
  EXPECT_EQ(f.script.dials, 1U);
  f.newest().handler.on_connected();
  EXPECT_EQ(f.newest().take_written(), array({"AUTH", "hunter2"}) + array({"PSUBSCRIBE", "a.*"}) +
                                           array({"SUBSCRIBE", "carillon.probe.n1"}));
  f.answer(f.newest(), "+OK\r\n" + acknowledgement("psubscribe", "a.*", 1));
  EXPECT_EQ(f.script.dials, 1U) << "the publisher waits for the subscriber";
  f.answer(f.newest(), acknowledgement("subscribe", "carillon.probe.n1", 2));
  EXPECT_EQ(f.script.dials, 2U);
  f.answer_publisher();
  EXPECT_EQ(f.bus->status().state, BusState::connecting);
  f.pass_probe(f.stream(0), f.stream(1));
  EXPECT_EQ(f.bus->status().state, BusState::up);
  EXPECT_EQ(f.sink.lines, (Lines{"UP"})) << "and no gap on the first connect";
  EXPECT_EQ(f.bus->counters().connects.load(), 1U);
  EXPECT_EQ(f.bus->counters().gaps.load(), 0U);
}

TEST(RedisBus, EventsAreForwardedWithABatchEndPerRead) {
  Fixture f;
  f.start();
  f.sink.lines.clear();
  f.answer(f.stream(0),
           array({"pmessage", "a.*", "a.1", "x"}) + array({"pmessage", "a.*", "a.2", "y"}) + "*4\r\n$8");
  f.answer(f.stream(0), "\r\npmessage\r\n$3\r\na.*\r\n$3\r\na.3\r\n");
  f.answer(f.stream(0), "$1\r\nz\r\n");
  EXPECT_EQ(f.sink.lines, (Lines{"a.1=x", "a.2=y", "|", "a.3=z", "|"}));
  f.answer(f.stream(0), array({"pmessage", "a.*", "a.1", std::string(1001, 'x')}));
  EXPECT_EQ(f.bus->counters().oversize_dropped.load(), 1U);
  EXPECT_EQ(f.log.count("event dropped reason=body_too_large channel=a.1"), 1U) << "counted and logged";
  for (int i = 0; i < 20; ++i)
    f.answer(f.stream(0), array({"pmessage", "a.*", "a.1", std::string(1001, 'x')}));
  EXPECT_EQ(f.log.count("event dropped"), 10U);
  EXPECT_EQ(f.bus->counters().lines_suppressed.load(), 11U);
  EXPECT_EQ(f.bus->counters().events_in.load(), 3U);
  EXPECT_EQ(f.bus->counters().bytes_in.load(), 3U);
}

TEST(RedisBus, TheGapIsReportedAfterAReconnectBeforeTheFirstNewEvent) {
  Fixture f;
  f.start();
  f.sink.lines.clear();
  f.hang_up(f.stream(0));
  EXPECT_EQ(f.sink.lines, (Lines{"DOWN: connection reset"}));
  f.redial();
  f.newest().handler.on_connected();
  // An event between the acknowledgements: the gap comes before it, once.
  f.answer(f.newest(),
           "+OK\r\n" + acknowledgement("psubscribe", "a.*", 1) + array({"pmessage", "a.*", "a.1", "x"}));
  f.answer(f.newest(), acknowledgement("subscribe", "carillon.probe.n1", 2));
  EXPECT_EQ(f.sink.lines, (Lines{"DOWN: connection reset", "GAP", "a.1=x", "|"}));
  f.pass_probe(f.newest(), f.stream(1));
  EXPECT_EQ(f.sink.lines.back(), "UP");
  EXPECT_EQ(f.bus->counters().gaps.load(), 1U);
  EXPECT_EQ(f.bus->counters().disconnects.load(), 1U);
  EXPECT_EQ(f.bus->counters().connects.load(), 2U);
  EXPECT_EQ(f.script.dials, 3U) << "the publisher's connection was kept";
}

TEST(RedisBus, TheGapIsReportedWithABatchEndWhenNoEventComes) {
  Fixture f;
  f.start();
  f.hang_up(f.stream(0));
  f.redial();
  f.sink.lines.clear();
  f.answer_subscriber();
  EXPECT_EQ(f.sink.lines, (Lines{"GAP", "|"}));
}

TEST(RedisBus, ConnectionsThatNeverReceivedAnythingReportNoSecondGap) {
  Fixture f;
  f.start();
  for (int i = 0; i < 5; ++i) {
    f.hang_up(f.newest().written.empty() && i == 0 ? f.stream(0) : f.newest());
    f.redial(milliseconds(5000));
  }
  f.answer_subscriber();
  EXPECT_EQ(f.sink.gaps, 1);
  EXPECT_EQ(f.bus->counters().gaps.load(), 1U);
}

TEST(RedisBus, ASubscriberThatStopsReceivingIsDetectedAndBothConnectionsAreReopened) {
  Fixture f;
  f.start();
  const auto began = f.loop.now();
  while (f.bus->status().state == BusState::up && f.loop.now() < began + seconds(20)) {
    f.loop.advance(milliseconds(10));
    if (f.script.live[1] != nullptr && !f.stream(1).take_written().empty()) f.answer(f.stream(1), ":0\r\n");
  }
  EXPECT_LE(f.loop.now() - began, seconds(10));
  EXPECT_EQ(f.bus->counters().probes_missed.load(), 1U);
  EXPECT_EQ(f.script.live[0], nullptr);
  EXPECT_EQ(f.script.live[1], nullptr);
  f.redial();
  f.answer_subscriber();
  f.answer_publisher();
  f.pass_probe(f.stream(2), f.stream(3));
  EXPECT_EQ(f.bus->status().state, BusState::up);
  EXPECT_EQ(f.sink.gaps, 1);
}

TEST(RedisBus, AFrozenBrokerTimesPublishesOutInFiveSecondsAndIsDetectedInTen) {
  Fixture f;
  f.start();
  f.bus->publish("a.1", "x", f.tally.done());
  f.loop.advance(milliseconds(4999));
  EXPECT_EQ(f.tally.all(), 0);
  f.loop.advance(milliseconds(1));
  EXPECT_EQ(f.tally.timed_out, 1);
  EXPECT_EQ(f.bus->status().state, BusState::down);
  // The broker freezes: it accepts and answers nothing. When it resumes, a connection attempt is waiting.
  const auto end = f.loop.now() + seconds(30);
  while (f.loop.now() < end) {
    for (std::size_t i = 0; i < f.script.live.size(); ++i) {
      if (f.script.live[i] != nullptr && f.stream(i).written.empty()) f.stream(i).handler.on_connected();
    }
    f.loop.advance(milliseconds(50));
  }
  EXPECT_LE(f.script.dials, 12U);
}

TEST(RedisBus, PublishesGoOutInOneWriteAndAreAnsweredInOrder) {
  Fixture f;
  f.start();
  f.bus->publish("a.1", "x", f.tally.done());
  f.bus->publish("a.2", "y", f.tally.done());
  EXPECT_EQ(f.stream(1).written, "");
  f.loop.settle();
  EXPECT_EQ(f.stream(1).take_written(), array({"PUBLISH", "a.1", "x"}) + array({"PUBLISH", "a.2", "y"}));
  f.answer(f.stream(1), ":5\r\n-NOPERM no\r\n");
  EXPECT_EQ(f.tally.accepted, 1);
  EXPECT_EQ(f.tally.refused, 1);
  EXPECT_EQ(f.bus->counters().published.load(), 1U);
  EXPECT_EQ(f.bus->counters().publish_failures.load(), 1U);
}

TEST(RedisBus, PublishWhileDownIsUnavailableAtOnceButNeverFromInsideTheCall) {
  Fixture f;
  f.bus->publish("a.1", "x", f.tally.done());
  EXPECT_EQ(f.tally.all(), 0);
  f.loop.settle();
  EXPECT_EQ(f.tally.unavailable, 1);
  f.start();
  f.bus->publish("a.1", "x", f.tally.done());
  f.hang_up(f.stream(1));
  EXPECT_EQ(f.tally.unavailable, 2) << "in flight when the connection died";
  EXPECT_EQ(f.bus->status().state, BusState::down);
  EXPECT_EQ(f.bus->status().detail, "publishing: connection reset");
  EXPECT_EQ(f.sink.gaps, 0) << "nothing that was received is missing";
  f.redial();
  f.answer_publisher();
  f.pass_probe(f.stream(0), f.stream(2));
  EXPECT_EQ(f.bus->status().state, BusState::up);
}

TEST(RedisBus, ABodyOverTheLimitIsRefusedAndAFullWriteBufferIsUnavailable) {
  Fixture f;
  f.start();
  f.bus->publish("a", std::string(1000, 'x'), f.tally.done());
  f.bus->publish("a", std::string(1001, 'x'), f.tally.done());
  f.loop.settle();
  EXPECT_EQ(f.tally.refused, 1);
  f.stream(1).unsent = 3000;
  f.bus->publish("a", std::string(1000, 'x'), f.tally.done());
  f.loop.settle();
  EXPECT_EQ(f.tally.unavailable, 1);
  f.answer(f.stream(1), ":1\r\n");
  EXPECT_EQ(f.tally.accepted, 1);
}

TEST(RedisBus, WhereTheProbeIsForbiddenPingIsUsedAndLoggedOnce) {
  Fixture f;
  f.bus->start();
  f.answer_subscriber();
  f.answer_publisher();
  f.answer(f.stream(1), "-NOPERM no publish\r\n");
  EXPECT_EQ(f.bus->status().state, BusState::connecting);
  EXPECT_EQ(f.stream(0).take_written(), array({"PING"}) + array({"PING"}));
  f.answer(f.stream(0), array({"pong", ""}) + array({"pong", ""}));
  f.answer(f.stream(1), "+PONG\r\n");
  EXPECT_EQ(f.bus->status().state, BusState::up);
  for (int i = 0; i < 5; ++i) {
    f.stream(1).take_written();
    f.loop.advance(seconds(5));
    EXPECT_EQ(f.stream(0).take_written(), array({"PING"}));
    EXPECT_EQ(f.stream(1).take_written(), array({"PING"}));
    f.answer(f.stream(0), array({"pong", ""}));
    f.answer(f.stream(1), "+PONG\r\n");
  }
  EXPECT_EQ(f.log.count("not permitted"), 1U);
  f.loop.advance(seconds(10));
  EXPECT_EQ(f.bus->counters().probes_missed.load(), 1U) << "silence is still noticed";
}

TEST(RedisBus, AWrongPasswordIsReportedAndRetriedSlowly) {
  Fixture f;
  f.bus->start();
  const auto began = f.loop.now();
  while (f.loop.now() < began + seconds(180)) {
    if (f.script.live.back() != nullptr) {
      f.newest().handler.on_connected();
      f.answer(f.newest(), "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
    }
    f.loop.advance(milliseconds(100));
  }
  EXPECT_LE(f.script.dials, 40U);
  EXPECT_GE(f.script.dials, 15U);
  EXPECT_EQ(f.sink.lines, (Lines{"DOWN: the broker refused AUTH: WRONGPASS"}));
  EXPECT_EQ(f.log.count("bus is down"), 1U);
  EXPECT_LE(f.log.lines.size(), 4U) << "one line, then one a minute";
  for (const auto& line : f.log.lines) EXPECT_EQ(line.find("hunter2"), std::string::npos);
}

TEST(RedisBus, DownForAMinuteItDialsAtMostFortyTimesAndLogsTwoLines) {
  Fixture f;
  f.start();
  f.hang_up(f.stream(1));
  f.hang_up(f.stream(0));
  const auto before = f.script.dials;
  const auto end = f.loop.now() + seconds(60);
  while (f.loop.now() < end) {
    if (f.script.live.back() != nullptr) f.hang_up(f.newest());
    f.loop.advance(milliseconds(5));
  }
  EXPECT_LE(f.script.dials - before, 40U);
  EXPECT_LE(f.log.lines.size(), 3U);
}

TEST(RedisBus, ARefusedPublishIsLoggedOnceASecondWithTheGrantThatIsMissing) {
  Fixture f;
  f.start();
  for (int i = 0; i < 3; ++i) f.bus->publish("a.1", "x", f.tally.done());
  f.loop.settle();
  f.answer(f.stream(1), "-NOPERM no channel\r\n-NOPERM no channel\r\n-NOPERM no channel\r\n");
  EXPECT_EQ(f.tally.refused, 3);
  EXPECT_EQ(f.log.count("ACL SETUSER <user> &a.1"), 1U);
}

TEST(RedisBus, DestroyedItLeavesNothingInTheLoop) {
  Fixture f;
  f.start();
  f.bus->publish("a", "x", f.tally.done());
  f.bus->publish("a", std::string(2000, 'x'), f.tally.done());
  f.bus.reset();
  EXPECT_EQ(f.loop.timer_count(), 0U);
  f.loop.advance(seconds(20));
  EXPECT_EQ(f.tally.all(), 0);
}

}  // namespace
}  // namespace carillon::bus
