// Subscribers that cannot take bytes: the limits, at one less, exactly and one more; what is reported, and to
// whom.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fanout/testing/lag_stage.h"

namespace carillon::fanout::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using What = Verdict::What;

TEST_F(Lag, TheBytesRuleAtTheLimit) {
  for (const int off : {-1, 0, 1}) {
    open({.bytes_max = 1000});
    stage->block(0);
    for (int i = 0; i < 9; ++i) append(100);
    append(static_cast<std::size_t>(std::int64_t{100} + off));
    stage->run();
    EXPECT_THAT(look_for(kGrace - milliseconds(250)), IsEmpty()) << "a burst is no lag";
    if (off <= 0) {
      EXPECT_THAT(look_for(kGrace), IsEmpty()) << off;
    } else {
      EXPECT_THAT(look_for(milliseconds(250)), ElementsAre(Pair(0, What::slow_by_bytes)));
      EXPECT_EQ(stage->engine->counters().retained_bytes, 0U);
      EXPECT_EQ(stage->engine->counters().slow_by_bytes, 1U);
    }
    EXPECT_EQ(stage->received(1).size(), 10U);
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
    EXPECT_EQ(look_for(kGrace).size(), static_cast<std::size_t>(off));
  }
}

TEST_F(Lag, TheBytesRuleCountsOnlyWhatASubscriberOfAMixedLogReceives) {
  for (const bool receives : {false, true}) {
    open({.bytes_max = 500});
    constexpr Tag kTag = 3;
    const LogId mixed = stage->engine->add_log(kDisconnect);
    stage->join(2, {});
    stage->engine->subscribe(2, mixed, receives ? mask_of(kTag) : mask_of(kTag + 1));
    stage->block(2);
    stage->send(2, ping_frame("p"));
    stage->run();
    for (int i = 0; i < 10; ++i) {
      stage->engine->append(mixed, stage->arena.make_own(std::string(98, 'x')), stage->now, kTag);
    }
    stage->run();
    EXPECT_EQ(look_for(kGrace).size(), receives ? 1U : 0U);
  }
}

// It takes some bytes at every moment, and then a little less than arrives: each short write must not begin
// its time anew.
TEST_F(Lag, OneThatAlternatesBetweenTakingAndNotTakingIsStillSlow) {
  open({.bytes_max = 1000});
  stage->block(0);
  std::vector<std::pair<SubscriberId, What>> found;
  for (int i = 0; i < 1000 && found.empty(); ++i) {
    append(100);
    append(100);
    stage->let_through(0, 150);
    stage->run();
    stage->pass(milliseconds(50));
    if (i % 5 == 0) found = look();
  }
  EXPECT_THAT(found, ElementsAre(Pair(0, What::slow_by_bytes)));
}

TEST_F(Lag, OneThatHadEverythingInBetweenBeginsItsTimeAnew) {
  open({.bytes_max = 1000});
  for (int i = 0; i < 20; ++i) {
    stage->block(0);
    for (int event = 0; event < 11; ++event) append(100);
    stage->run();
    EXPECT_THAT(look_for(kGrace - milliseconds(500)), IsEmpty()) << i;
    stage->let_through(0);  // between two looks
    stage->run();
  }
}

// As after SIGSTOP: earlier observations do not count, because the client has had no chance to read.
TEST_F(Lag, APauseOfOursIsNotTheClientsTime) {
  open({.bytes_max = 1000});
  stage->block(0);
  for (int i = 0; i < 11; ++i) append(100);
  stage->run();
  EXPECT_THAT(look(), IsEmpty());
  stage->pass(seconds(10));
  EXPECT_THAT(look(), IsEmpty());
  EXPECT_THAT(look_for(kGrace), ElementsAre(Pair(0, What::slow_by_bytes)));
}

TEST_F(Lag, BytesThatOnlyTheTransportHoldsGrowOld) {
  open({});
  stage->host.at(0).holds_back = true;
  stage->host.at(0).held_back = 100;
  append(100);
  stage->run();
  EXPECT_THAT(look_for(seconds(15)), IsEmpty());
  EXPECT_EQ(stage->engine->counters().retained_bytes, 0U);
  EXPECT_THAT(look_for(milliseconds(250)), ElementsAre(Pair(0, What::slow_by_age)));
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
    stage->send(0, ping_frame("p"));
    stage->run();
    stage->pass(milliseconds(600));
    stage->send(0, ping_frame("q"));
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
  for (int i = 0; i < 3; ++i) stage->send(0, ping_frame("12345678"));
  stage->run();
  for (int i = 0; i < 100; ++i) {
    stage->pass(milliseconds(100));
    stage->send(0, ping_frame("12345678"));
    stage->let_through(0, 10);
    stage->run();
    ASSERT_THAT(look(), IsEmpty()) << i;
  }
}

TEST_F(Lag, AReaderOfOneByteASecondIsClosedByAge) {
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

TEST_F(Lag, AClockThatIsReadALittleEarlierMakesNoSubscriberOld) {
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
  EXPECT_TRUE(stage->send(0, std::string(1 << 20, 'x')));
  stage->run();
  EXPECT_THAT(look_for(kGrace), IsEmpty());
}

TEST_F(Lag, TheOutboxAtItsLimit) {
  for (const std::size_t last : {9U, 10U, 11U}) {
    open({}, {.outbox_bytes_max = 30});
    stage->block(0);
    EXPECT_TRUE(stage->send(0, ping_frame(std::string(18, 'a'))));
    EXPECT_EQ(stage->send(0, ping_frame(std::string(last - 2, 'b'))), last <= 10);
  }
}

TEST_F(Lag, ALogThatMovesPastABlockedCursorDisconnects) {
  open({}, {.log_bytes_hard_max = 300});
  stage->host.at(0).capacity = 10;  // inside the first
  for (int i = 0; i < 10; ++i) {
    append(100);
    stage->run();
  }
  EXPECT_LE(stage->engine->counters().retained_bytes, 300U);
  // Either the lag rule or a visit finds it first.
  stage->let_through(0);
  stage->run();
  EXPECT_THAT(stage->verdicts(), ElementsAre(Pair(0, What::slow_by_bytes)));
  EXPECT_EQ(stage->received(1).size(), 10U);
  EXPECT_EQ(stage->engine->counters().overruns, 0U);
}

TEST_F(Lag, ALogThatMovesPastABlockedCursorSkipsAndReportsOneExactGap) {
  open({.bytes_max = 50}, {}, kSkip);
  stage->host.at(0).capacity = 5;  // inside the first
  for (int i = 0; i < 20; ++i) {
    stage->append(log, "event " + std::to_string(10 + i));
    stage->run();
    EXPECT_THAT(look(), IsEmpty());
  }
  EXPECT_EQ(stage->received(0).size(), 1U);  // half of one: no gap is reported before it can be received
  stage->let_through(0);
  stage->run();
  const std::string gap = "gap " + std::to_string(log) + " 14";
  EXPECT_THAT(stage->received(0),
              ElementsAre("event 10", gap, "event 25", "event 26", "event 27", "event 28", "event 29"));
  EXPECT_EQ(stage->engine->counters().gaps_sent, 1U);
  EXPECT_EQ(stage->engine->counters().events_skipped, 14U);
  EXPECT_EQ(stage->engine->counters().retained_bytes, 0U);
}

// Each visit finds another loss; their gap frames must not accumulate after the blocked bytes.
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
  std::uint64_t reported = 0;
  std::uint64_t events = 0;
  for (const std::string& each : stage->received(0)) {
    if (each.starts_with("gap ")) {
      reported += std::stoul(each.substr(each.rfind(' ')));
    } else {
      ++events;
    }
  }
  EXPECT_EQ(reported + events, 3000U);
}

TEST_F(Lag, OneWithoutAGapFrameIsClosedWhateverThePolicy) {
  open({.bytes_max = 50}, {}, kSkip);
  stage->host.sends_gaps = false;
  stage->block(0);
  for (int i = 0; i < 10; ++i) append(30), stage->run();
  stage->let_through(0);
  stage->run();
  EXPECT_THAT(stage->verdicts(), ElementsAre(Pair(0, What::slow_by_bytes)));
}

TEST_F(Lag, ASweepLongerThanTheWindowClosesNoHealthySubscriber) {
  open({.bytes_max = 500});
  for (SubscriberId id = 2; id < 300; ++id) stage->join(id, {log});
  stage->block(0);
  for (int i = 0; i < 1000; ++i) {  // 100 bytes an event, 3 writes an event
    append(100);
    stage->slice(3);
  }
  stage->run();
  for (SubscriberId id = 1; id < 300; ++id) ASSERT_EQ(stage->received(id).size(), 1000U) << id;
  EXPECT_EQ(stage->engine->counters().overruns, 0U);
  EXPECT_THAT(look_for(kGrace), ElementsAre(Pair(0, What::slow_by_bytes)));
  EXPECT_EQ(stage->engine->counters().retained_bytes, 0U);
}

TEST_F(Lag, BeyondTheHardCapItIsOurOverrunCountedAndJudged) {
  for (const int off : {-1, 0, 1}) {
    open({}, {.log_bytes_hard_max = 1000});
    for (int i = 0; i < 9; ++i) append(100);
    append(static_cast<std::size_t>(std::int64_t{100} + off));  // and no slice in between
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

TEST_F(Lag, BeyondTheHardCapTheSkippedGetAGapFrame) {
  open({}, {.log_bytes_hard_max = 50}, kSkip);
  for (int i = 0; i < 8; ++i) stage->append(log, "event " + std::to_string(10 + i));
  stage->run();
  const std::string gap = "gap " + std::to_string(log) + " 3";
  EXPECT_THAT(stage->received(1),
              ElementsAre(gap, "event 13", "event 14", "event 15", "event 16", "event 17"));
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
  open({.age_ms_max = 1000});
  stage->block(0);
  append(100);
  stage->run();
  stage->pass(milliseconds(1001));
  stage->engine->check_lag(stage->now);
  stage->engine->remove_subscriber(0);
  stage->join(0, {log});
  EXPECT_THAT(stage->verdicts(), IsEmpty());
}

TEST_F(Lag, TheTimeOfOneThatLeftIsNotItsSuccessors) {
  open({.bytes_max = 1000});
  const auto fall_behind = [&] {
    stage->block(0);
    for (int i = 0; i < 11; ++i) append(100);
    stage->run();
  };
  fall_behind();
  EXPECT_THAT(look_for(kGrace - milliseconds(250)), IsEmpty());
  stage->engine->remove_subscriber(0);
  stage->join(0, {log});
  fall_behind();
  EXPECT_THAT(look_for(kGrace - milliseconds(250)), IsEmpty());
  EXPECT_THAT(look_for(milliseconds(250)), ElementsAre(Pair(0, What::slow_by_bytes)));
}

}  // namespace
}  // namespace carillon::fanout::testing
