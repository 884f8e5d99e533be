// Those that cannot take bytes: the limits, at one less, exactly and one more; what is told, and to whom.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "channel/testing/stage.h"

namespace carillon::channel::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using What = Verdict::What;

// 0 cannot take bytes, 1 can.
struct Lag : ::testing::Test {
  void open(LagRule limits, FanOutOptions options = {}, PolicyId policy = kDisconnect) {
    stage = std::make_unique<Stage>(limits, options);
    log = stage->engine->add_log(policy);
    stage->join(0, {log}, policy);
    stage->join(1, {log}, policy);
  }
  // Appends events of so many bytes on the wire.
  void append(std::size_t wire_bytes) { stage->append(log, std::string(wire_bytes - 2, 'x')); }
  auto look() {
    stage->engine->check_lag(stage->now);
    return stage->verdicts();
  }
  std::unique_ptr<Stage> stage;
  LogId log = 0;
};

TEST_F(Lag, TheBytesRuleAtTheLimit) {
  for (const int off : {-1, 0, 1}) {
    open({.bytes_max = 1000});
    stage->block(0);
    for (int i = 0; i < 9; ++i) append(100);
    append(static_cast<std::size_t>(100 + off));
    stage->run();
    if (off <= 0) {
      EXPECT_THAT(look(), IsEmpty()) << off;
    } else {
      EXPECT_THAT(look(), ElementsAre(Pair(0, What::slow_by_bytes)));
      EXPECT_EQ(stage->engine->counters().retained_bytes, 0U);
    }
    EXPECT_EQ(stage->heard(1).size(), 10U);
  }
}

TEST_F(Lag, TheBytesRuleCountsAllLogsOfASubscriber) {
  for (const int off : {0, 1}) {
    open({.bytes_max = 200});
    const LogId other = stage->engine->add_log(kDisconnect);
    stage->engine->subscribe(0, other);
    stage->block(0);
    append(100);
    stage->append(other, std::string(static_cast<std::size_t>(98 + off), 'x'));
    stage->run();
    EXPECT_EQ(look().size(), static_cast<std::size_t>(off));
  }
}

TEST_F(Lag, TheAgeRuleAtTheLimit) {
  for (const int off : {-1, 0, 1}) {
    open({.age_ms_max = 15000});
    stage->block(0);
    stage->run();
    append(10);
    stage->pass(milliseconds(100));
    append(10);
    stage->run();
    stage->pass(milliseconds(14900 + off));
    if (off <= 0) {
      EXPECT_THAT(look(), IsEmpty()) << off;
    } else {
      EXPECT_THAT(look(), ElementsAre(Pair(0, What::slow_by_age)));
    }
  }
}

TEST_F(Lag, TheAgeOfAnOutboxAtTheLimit) {
  for (const int off : {-1, 0, 1}) {
    open({.age_ms_max = 1000});
    stage->block(0);
    stage->say(0, ping_frame("p"));
    stage->run();
    stage->pass(milliseconds(600));
    stage->say(0, ping_frame("q"));
    stage->pass(milliseconds(400 + off));
    EXPECT_EQ(look().size(), off > 0 ? 1U : 0U) << off;
  }
}

TEST_F(Lag, AHalfWrittenFrameIsAsOldAsItsEvent) {
  open({.age_ms_max = 1000});
  append(100);
  stage->pass(milliseconds(600));
  stage->host.at(0).capacity = 50;
  stage->run();
  stage->pass(milliseconds(400));
  EXPECT_THAT(look(), IsEmpty());
  stage->pass(milliseconds(1));
  EXPECT_THAT(look(), ElementsAre(Pair(0, What::slow_by_age)));
}

// Its outbox is never empty, but no byte waits longer than 200 ms.
TEST_F(Lag, AnOutboxInUseIsNotOldWhileItMoves) {
  open({.age_ms_max = 1000});
  stage->block(0);
  for (int i = 0; i < 3; ++i) stage->say(0, ping_frame("12345678"));
  stage->run();
  for (int i = 0; i < 100; ++i) {
    stage->pass(milliseconds(100));
    stage->say(0, ping_frame("12345678"));
    stage->let_through(0, 10);
    stage->run();
    ASSERT_THAT(look(), IsEmpty()) << i;
  }
}

TEST_F(Lag, AReaderOfOneByteASecondIsClosedByAge_F10) {
  open({.age_ms_max = 15000});
  stage->block(0);
  append(100);
  stage->run();
  std::vector<std::pair<SubscriberId, What>> verdicts;
  int passed = 0;
  for (; verdicts.empty() && passed < 100; ++passed) {
    stage->pass(seconds(1));
    stage->let_through(0, 1);
    stage->run();
    verdicts = look();
  }
  EXPECT_THAT(verdicts, ElementsAre(Pair(0, What::slow_by_age)));
  EXPECT_EQ(passed, 16);
}

TEST_F(Lag, AgesSurviveTheWrapOfMilliseconds) {
  open({.age_ms_max = 1000});
  stage->now = MonoTime(milliseconds((std::int64_t{1} << 32) - 500));
  stage->block(0);
  append(10);
  stage->run();
  stage->pass(milliseconds(1000));
  EXPECT_THAT(look(), IsEmpty());
  stage->pass(milliseconds(1));
  EXPECT_THAT(look(), ElementsAre(Pair(0, What::slow_by_age)));
}

TEST_F(Lag, AClockThatIsReadALittleEarlierMakesNobodyOld) {
  open({.age_ms_max = 1000});
  stage->block(0);
  append(10);
  stage->run();
  stage->pass(milliseconds(-1));
  EXPECT_THAT(look(), IsEmpty());
}

TEST_F(Lag, ALargeReplyOnItsWayIsNotLag) {
  open({.bytes_max = 1000});
  stage->host.at(0).capacity = 100;
  EXPECT_TRUE(stage->say(0, std::string(1 << 20, 'x')));
  stage->run();
  EXPECT_THAT(look(), IsEmpty());
}

TEST_F(Lag, TheOutboxAtItsLimit) {
  for (const std::size_t last : {9U, 10U, 11U}) {
    open({}, {.outbox_bytes_max = 30});
    stage->block(0);
    EXPECT_TRUE(stage->say(0, ping_frame(std::string(18, 'a'))));
    EXPECT_EQ(stage->say(0, ping_frame(std::string(last - 2, 'b'))), last <= 10);
  }
}

TEST_F(Lag, ALogThatMovesPastABlockedCursorDisconnects) {
  open({.bytes_max = 300});
  stage->host.at(0).capacity = 10;  // inside the first
  for (int i = 0; i < 10; ++i) {
    append(100);
    stage->run();
  }
  EXPECT_LE(stage->engine->counters().retained_bytes, 300U);
  // Whoever looks first: the lag rule, or a visit.
  stage->let_through(0);
  stage->run();
  EXPECT_THAT(stage->verdicts(), ElementsAre(Pair(0, What::slow_by_bytes)));
  EXPECT_EQ(stage->heard(1).size(), 10U);
  EXPECT_EQ(stage->engine->counters().overruns, 0U);
}

TEST_F(Lag, ALogThatMovesPastABlockedCursorSkipsAndTellsOneExactGap) {
  open({.bytes_max = 50}, {}, kSkip);
  stage->host.at(0).capacity = 5;  // inside the first
  for (int i = 0; i < 20; ++i) {
    stage->append(log, "event " + std::to_string(10 + i));
    stage->run();
    EXPECT_THAT(look(), IsEmpty());
  }
  EXPECT_EQ(stage->heard(0).size(), 1U);  // half of one: nothing is told before it can be heard
  stage->let_through(0);
  stage->run();
  const std::string gap = "gap " + std::to_string(log) + " 14";
  EXPECT_THAT(stage->heard(0),
              ElementsAre("event 10", gap, "event 25", "event 26", "event 27", "event 28", "event 29"));
  EXPECT_EQ(stage->engine->counters().gaps_told, 1U);
  EXPECT_EQ(stage->engine->counters().events_skipped, 14U);
  EXPECT_EQ(stage->engine->counters().retained_bytes, 0U);
}

// Each visit finds another loss; what is told about them must not pile up behind the stuck bytes.
TEST_F(Lag, AReaderOfSingleBytesThatIsSkippedOwnsABoundedOutbox) {
  open({.bytes_max = 50}, {}, kSkip);
  stage->block(0);
  for (int i = 0; i < 3000; ++i) {
    append(30);
    stage->run();
    stage->let_through(0, 1);
    stage->run();
    ASSERT_TRUE(stage->engine->outbox_has_room(0, 60 * 1024));
  }
  stage->let_through(0);
  stage->run();
  std::uint64_t told = 0;
  std::uint64_t events = 0;
  for (const std::string& each : stage->heard(0)) {
    if (each.starts_with("gap ")) {
      told += std::stoul(each.substr(each.rfind(' ')));
    } else {
      ++events;
    }
  }
  EXPECT_EQ(told + events, 3000U);
}

TEST_F(Lag, OneThatCannotBeToldIsClosedWhateverThePolicySays) {
  open({.bytes_max = 50}, {}, kSkip);
  stage->host.tells_gaps = false;
  stage->block(0);
  for (int i = 0; i < 10; ++i) append(30), stage->run();
  stage->let_through(0);
  stage->run();
  EXPECT_THAT(stage->verdicts(), ElementsAre(Pair(0, What::slow_by_bytes)));
}

TEST_F(Lag, ASweepLongerThanTheWindowHarmsNoHealthySubscriber) {
  open({.bytes_max = 500});
  for (SubscriberId id = 2; id < 300; ++id) stage->join(id, {log});
  stage->block(0);
  for (int i = 0; i < 1000; ++i) {  // 100 bytes an event, 3 writes an event
    append(100);
    stage->slice(3);
  }
  stage->run();
  for (SubscriberId id = 1; id < 300; ++id) ASSERT_EQ(stage->heard(id).size(), 1000U) << id;
  EXPECT_EQ(stage->engine->counters().overruns, 0U);
  EXPECT_THAT(look(), ElementsAre(Pair(0, What::slow_by_bytes)));
  EXPECT_EQ(stage->engine->counters().retained_bytes, 0U);
}

TEST_F(Lag, BeyondTheHardCapItIsOurOverrunCountedAndJudged) {
  for (const int off : {-1, 0, 1}) {
    open({}, {.log_bytes_hard_max = 1000});
    for (int i = 0; i < 9; ++i) append(100);
    append(static_cast<std::size_t>(100 + off));  // and no slice in between
    stage->run();
    if (off <= 0) {
      EXPECT_THAT(stage->verdicts(), IsEmpty());
      EXPECT_EQ(stage->engine->counters().overruns, 0U);
    } else {
      EXPECT_THAT(stage->verdicts(), ElementsAre(Pair(0, What::overrun), Pair(1, What::overrun)));
      EXPECT_EQ(stage->engine->counters().overruns, 2U);
    }
  }
}

TEST_F(Lag, BeyondTheHardCapTheSkippedAreTold) {
  open({}, {.log_bytes_hard_max = 50}, kSkip);
  for (int i = 0; i < 8; ++i) stage->append(log, "event " + std::to_string(10 + i));
  stage->run();
  const std::string gap = "gap " + std::to_string(log) + " 3";
  EXPECT_THAT(stage->heard(1), ElementsAre(gap, "event 13", "event 14", "event 15", "event 16", "event 17"));
  EXPECT_THAT(stage->verdicts(), IsEmpty());
  EXPECT_EQ(stage->engine->counters().overruns, 6U);
}

TEST_F(Lag, AnEventLargerThanTheHardCapIsOurFaultToo) {
  open({}, {.log_bytes_hard_max = 1000});
  stage->append(log, std::string(2000, 'x'));
  stage->run();
  EXPECT_EQ(stage->verdicts().size(), 2U);
  EXPECT_EQ(stage->engine->counters().retained_bytes, 0U);
}

// A stalled reader of one log holds most of the budget; the events of another are not what pays for it.
TEST_F(Lag, OverTheBudgetOfAllLogsTheBlockedPayFirst) {
  open({.bytes_max = 900}, {.all_logs_bytes_max = 1000});
  stage->block(0);
  for (int i = 0; i < 9; ++i) append(100), stage->run();
  EXPECT_EQ(stage->engine->counters().retained_bytes, 900U);
  const LogId other = stage->engine->add_log(kDisconnect);
  stage->join(2, {other});
  stage->append(other, std::string(98, 'y'));
  stage->append(other, std::string(98, 'y'));
  EXPECT_EQ(stage->engine->counters().retained_bytes, 200U);
  stage->run();
  EXPECT_EQ(stage->heard(2).size(), 2U);
  EXPECT_THAT(look(), ElementsAre(Pair(0, What::slow_by_bytes)));
  EXPECT_EQ(stage->engine->counters().overruns, 0U);
}

TEST_F(Lag, OverTheBudgetNoMoreIsTakenFromTheBlockedThanIsNeeded) {
  open({.bytes_max = 900}, {.all_logs_bytes_max = 1000});
  const LogId other = stage->engine->add_log(kDisconnect);
  stage->join(2, {other});
  stage->block(0);
  stage->block(2);
  for (int i = 0; i < 5; ++i) {
    append(100);
    stage->append(other, std::string(98, 'y'));
    stage->run();
  }
  append(100);
  EXPECT_EQ(stage->engine->counters().retained_bytes, 600U);
  EXPECT_EQ(stage->engine->events_of(other).bytes(), 500U);
}

TEST_F(Lag, OverTheBudgetWithNobodyBlockedTheLogThatGrewPays) {
  for (const int off : {-1, 0, 1}) {
    open({}, {.all_logs_bytes_max = 300});
    const LogId other = stage->engine->add_log(kDisconnect);
    stage->join(2, {other});
    stage->append(other, std::string(98, 'y'));
    append(100);
    append(static_cast<std::size_t>(100 + off));
    EXPECT_LE(stage->engine->counters().retained_bytes, 300U);
    stage->run();
    EXPECT_EQ(stage->verdicts().size(), off > 0 ? 2U : 0U);
    EXPECT_EQ(stage->heard(2).size(), 1U);
  }
}

TEST_F(Lag, RetainedBytesReturnToZeroWhenTheBlockedCatchUpOrLeave) {
  for (const bool catches_up : {true, false}) {
    open({});
    stage->block(0);
    for (int i = 0; i < 5; ++i) append(100);
    stage->run();
    EXPECT_EQ(stage->engine->counters().retained_bytes, 500U);
    EXPECT_EQ(stage->engine->counters().blocked, 1U);
    if (catches_up) {
      stage->let_through(0);
      stage->run();
    } else {
      stage->engine->remove_subscriber(0);
    }
    EXPECT_EQ(stage->engine->counters().retained_bytes, 0U);
    EXPECT_EQ(stage->engine->counters().blocked, 0U);
  }
}

TEST_F(Lag, AVerdictDiesWithItsSubscriber) {
  open({.bytes_max = 10});
  stage->block(0);
  append(100);
  stage->run();
  stage->engine->check_lag(stage->now);
  stage->engine->remove_subscriber(0);
  stage->join(0, {log});
  EXPECT_THAT(stage->verdicts(), IsEmpty());
}

}  // namespace
}  // namespace carillon::channel::testing
