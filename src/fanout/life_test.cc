// Subscribers and logs that come and go, closings, and numbers that are used again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fanout/testing/stage.h"

namespace carillon::fanout {

struct FanOutSizes {
  static_assert(sizeof(FanOut::Subscriber) <= 32);
  static_assert(sizeof(Member) == 8);
  static_assert(sizeof(FanOut::LogState) <= 88);  // an empty log has no ring; with what an index keeps of it
  static_assert(sizeof(LogName) == 8);
  static_assert(sizeof(LogEntry) == 32);
};

namespace testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using What = Verdict::What;

struct Life : ::testing::Test {
  Stage stage;
  LogId log = stage.engine->add_log(kDisconnect);
};

TEST_F(Life, JoiningAndLeavingMidSweepDisturbsNoOther) {
  for (SubscriberId id = 0; id < 10; ++id) stage.join(id, {log});
  stage.append(log, "a");
  stage.slice(4);
  stage.engine->remove_subscriber(2);  // was reached
  stage.engine->remove_subscriber(8);  // was not
  stage.join(20, {log});               // into a free place
  stage.join(21, {log});
  stage.join(22, {log});  // behind all
  stage.append(log, "b");
  stage.engine->unsubscribe(5, log);
  stage.run();
  for (const SubscriberId id : {0U, 1U, 3U, 4U, 6U, 7U, 9U})
    EXPECT_THAT(stage.received(id), ElementsAre("a", "b")) << id;
  for (const SubscriberId id : {20U, 21U, 22U}) EXPECT_THAT(stage.received(id), ElementsAre("b")) << id;
  EXPECT_THAT(stage.received(8), IsEmpty());
  EXPECT_EQ(stage.engine->subscribers_of(log), 10U);
  EXPECT_EQ(stage.engine->counters().retained_bytes, 0U);
}

TEST_F(Life, AllSubscribersLeaveMidSweep) {
  for (SubscriberId id = 0; id < 10; ++id) stage.join(id, {log});
  stage.append(log, "a");
  stage.slice(4);
  for (SubscriberId id = 0; id < 10; ++id) stage.engine->remove_subscriber(id);
  stage.engine->remove_log(log);
  EXPECT_EQ(stage.engine->counters().retained_bytes, 0U);
  const LogId other = stage.engine->add_log(kDisconnect);
  EXPECT_NE(other, log);  // its number is still in the queue
  stage.run();
  EXPECT_EQ(stage.engine->add_log(kDisconnect), log);
  stage.join(0, {log, other});
  stage.append(log, "b");
  stage.run();
  EXPECT_EQ(stage.received(0).back(), "b");
}

TEST_F(Life, SubscribingTwiceAndUnsubscribingTwiceAreSilent) {
  stage.join(0, {});
  EXPECT_TRUE(stage.engine->subscribe(0, log));
  EXPECT_FALSE(stage.engine->subscribe(0, log));
  EXPECT_EQ(stage.engine->subscriptions_of(0), 1U);
  EXPECT_TRUE(stage.engine->unsubscribe(0, log));
  EXPECT_FALSE(stage.engine->unsubscribe(0, log));
  EXPECT_EQ(stage.engine->subscribers_of(log), 0U);
}

TEST_F(Life, CompactionDuringTrafficMovesCursorsWithTheirOwners) {
  for (SubscriberId id = 0; id < 100; ++id) stage.join(id, {log});
  stage.block(99);
  stage.append(log, "a");
  stage.run();
  for (SubscriberId id = 0; id < 90; ++id) {
    if (id % 10 == 0) stage.append(log, "b" + std::to_string(id));
    if (id % 7 == 0) stage.slice(3);
    stage.engine->remove_subscriber(id);
  }
  stage.let_through(99);
  stage.run();
  const Payloads all{"a", "b0", "b10", "b20", "b30", "b40", "b50", "b60", "b70", "b80"};
  for (SubscriberId id = 90; id < 100; ++id) EXPECT_EQ(stage.received(id), all) << id;
  EXPECT_EQ(stage.engine->counters().retained_bytes, 0U);
}

TEST_F(Life, CompactionWaitsForTheEndOfASweep) {
  for (SubscriberId id = 0; id < 40; ++id) stage.join(id, {log});
  stage.append(log, "a");
  stage.slice(20);
  stage.append(log, "b");
  stage.run();  // ends where it has begun, in the middle
  stage.append(log, "c");
  stage.slice(39);  // all but 19
  for (SubscriberId id = 0; id < 38; ++id) {
    if (id != 19) stage.engine->remove_subscriber(id);
  }
  stage.run();
  for (const SubscriberId id : {19U, 38U, 39U})
    EXPECT_THAT(stage.received(id), ElementsAre("a", "b", "c")) << id;
  EXPECT_THAT(stage.verdicts(), IsEmpty());
}

TEST_F(Life, ASubscribersNumberIsUsedAgainWhileTheQueuesStillHoldIt) {
  stage.join(0, {log});
  stage.join(1, {log});
  stage.block(0);
  stage.append(log, "a");
  stage.run();
  stage.send(1, ping_frame("p"));  // 1 is ready, 0 blocked
  stage.engine->remove_subscriber(0);
  stage.engine->remove_subscriber(1);
  stage.host.at(0) = {};
  stage.host.at(1) = {};
  stage.join(0, {log});
  stage.join(1, {log});
  stage.block(0);
  stage.append(log, "b");
  stage.send(1, ping_frame("q"));
  stage.run();
  stage.pass(seconds(16));
  stage.engine->check_lag(stage.now);
  EXPECT_THAT(stage.received(1), ElementsAre("!q", "b"));
  EXPECT_THAT(stage.verdicts(), ElementsAre(Pair(0, What::slow_by_age)));
  stage.engine->check_lag(stage.now);
  EXPECT_THAT(stage.verdicts(), IsEmpty());
}

TEST_F(Life, TheReadyDoNotStarveTheLogsNorTheLogsTheReadyHoweverShortTheSlices) {
  stage.join(0, {log});
  stage.join(1, {});
  stage.append(log, "a");
  for (int i = 0; i < 4; ++i) {
    stage.send(1, ping_frame("p"));
    stage.slice(1);
  }
  EXPECT_THAT(stage.received(0), ElementsAre("a"));
  EXPECT_GE(stage.received(1).size(), 1U);
}

TEST_F(Life, FinishSendsTheCloseFrameAfterThePendingEvents) {
  stage.join(0, {log});
  stage.append(log, "a");
  stage.finish(0);
  stage.append(log, "b");
  EXPECT_TRUE(stage.send(0, ping_frame("too late")));
  stage.run();
  stage.append(log, "c");
  stage.run();
  EXPECT_THAT(stage.received(0), ElementsAre("a", "b", "X"));
  EXPECT_THAT(stage.verdicts(), ElementsAre(Pair(0, What::finished)));
}

TEST_F(Life, FinishWaitsForOneThatIsBlockedAtAnyByte) {
  for (std::size_t at = 0; at < 16; ++at) {
    Stage fresh;
    const LogId one = fresh.engine->add_log(kDisconnect);
    fresh.join(0, {one});
    fresh.host.at(0).capacity = at;
    fresh.append(one, "abc");
    fresh.finish(0);
    fresh.run();
    fresh.append(one, "def");
    fresh.let_through(0, 3);
    fresh.run();
    fresh.let_through(0);
    fresh.run();
    const auto received = fresh.received(0);
    EXPECT_EQ(received.front(), "abc");
    EXPECT_EQ(received.back(), "X");
    EXPECT_EQ(received.size(), at < 5 ? 3U : 2U) << at;  // from then on it had left before "def" came
    EXPECT_THAT(fresh.verdicts(), ElementsAre(Pair(0, What::finished))) << at;
  }
}

TEST_F(Life, FinishWithNothingPendingIsDoneAtOnce) {
  stage.join(0, {log});
  stage.finish(0);
  stage.finish(0);
  EXPECT_FALSE(stage.engine->subscribe(0, log));
  stage.run();
  EXPECT_THAT(stage.received(0), ElementsAre("X"));
  EXPECT_THAT(stage.verdicts(), ElementsAre(Pair(0, What::finished)));
}

TEST_F(Life, FinishWithoutLastBytesOnlyWaits) {
  stage.join(0, {log});
  stage.append(log, "a");
  stage.engine->finish(0, "", stage.now);
  stage.run();
  EXPECT_THAT(stage.received(0), ElementsAre("a"));
  EXPECT_THAT(stage.verdicts(), ElementsAre(Pair(0, What::finished)));
}

TEST_F(Life, FinishNowDoesNotWaitForEventsButNeverCutsAFrame) {
  stage.join(0, {log});
  stage.host.at(0).capacity = 5;
  stage.append(log, "abcdef");
  stage.append(log, "never");
  stage.run();
  stage.engine->finish_now(0, Stage::close_frame(), stage.now);
  stage.let_through(0);
  stage.run();
  EXPECT_THAT(stage.received(0), ElementsAre("abcdef", "X"));
  EXPECT_THAT(stage.verdicts(), ElementsAre(Pair(0, What::finished)));
}

TEST_F(Life, OneThatWasJudgedSlowMayStillReceiveTheReasonAndIsNotJudgedAgain) {
  stage.join(0, {log});
  stage.block(0);
  stage.append(log, "abcdef");
  stage.run();
  stage.pass(seconds(16));
  stage.engine->check_lag(stage.now);
  EXPECT_THAT(stage.verdicts(), ElementsAre(Pair(0, What::slow_by_age)));
  stage.engine->finish_now(0, Stage::close_frame(), stage.now);
  stage.run();
  stage.pass(seconds(60));
  stage.engine->check_lag(stage.now);
  EXPECT_THAT(stage.verdicts(), IsEmpty());
  stage.let_through(0);
  stage.run();
  EXPECT_THAT(stage.received(0), ElementsAre("X"));
  EXPECT_THAT(stage.verdicts(), ElementsAre(Pair(0, What::finished)));
}

TEST_F(Life, BytesForAnUnknownSubscriberAreIgnored) {
  stage.join(0, {log});
  stage.engine->on_writable(0);
  EXPECT_TRUE(stage.send(0, ""));
  stage.run();
  stage.engine->check_lag(stage.now);
  stage.engine->unsubscribe_all(0);
  stage.engine->finish_now(0, "", stage.now);
  stage.engine->finish_now(0, "", stage.now);
  stage.run();
  stage.engine->finish_now(0, "", stage.now);
  stage.engine->on_writable(0);
  stage.run();
  EXPECT_EQ(stage.host.at(0).writes(), 0U);
  EXPECT_THAT(stage.verdicts(), ElementsAre(Pair(0, What::finished)));
}

TEST_F(Life, APolicyAndAnEncodingMayComeAfterTheHandshake) {
  stage.join(0, {});
  stage.join(1, {});
  for (const SubscriberId id : {0U, 1U}) {
    stage.engine->become(id, kSkip, Encoding::compressed);
    stage.engine->subscribe(id, log);
  }
  stage.append(log, std::string(1000, 'x'));
  stage.run();
  EXPECT_LT(stage.host.at(0).received.size(), 100U);
}

// So many are not counted further; the count must not run away, in whatever order they leave.
TEST_F(Life, ReadersOfDeflatedFramesBeyondTheCountAreForgottenWithTheLastOfThem) {
  constexpr SubscriberId kMany = 300;
  for (SubscriberId id = 0; id < kMany; ++id) stage.join(id, {log}, kDisconnect, Encoding::compressed);
  for (SubscriberId id = 1; id < kMany; ++id) stage.engine->remove_subscriber(id);
  stage.append(log, std::string(1000, 'x'));
  stage.run();
  EXPECT_LT(stage.host.at(0).received.size(), 100U) << "costs our time, and is right";
  stage.engine->remove_subscriber(0);
  stage.join(1, {log}, kDisconnect, Encoding::compressed);
  stage.append(log, std::string(1000, 'x'));
  stage.run();
  EXPECT_GT(stage.host.at(1).received.size(), 1000U) << "one reader alone";
}

}  // namespace
}  // namespace testing
}  // namespace carillon::fanout
