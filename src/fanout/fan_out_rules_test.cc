// One test for each of the eight rules of docs/decisions/0002, those parts of them that exist. (Tags,
// `except` and `latest` of rule 7 are not there yet.)
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fanout/testing/stage.h"

namespace carillon::fanout::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using What = Verdict::What;

TEST(FanOutRules, Rule1_ACursorIsAnEventNumberWhateverTheEncoding) {
  Stage stage;
  const LogId log = stage.engine->add_log(kSkip);
  stage.engine->start_numbers_at(log, 0xfffffffeU);  // and it may wrap
  stage.join(0, {log}, kSkip);
  stage.join(1, {log}, kSkip, Encoding::compressed);
  stage.join(2, {log}, kSkip, Encoding::compressed);
  const std::string long_text(300, 'a');
  for (int i = 0; i < 4; ++i) stage.append(log, long_text + std::to_string(i));
  stage.run();
  const Payloads all{long_text + "0", long_text + "1", long_text + "2", long_text + "3"};
  EXPECT_EQ(stage.received(0), all);
  EXPECT_EQ(stage.received(1), all);
  EXPECT_EQ(stage.received(2), all);
  EXPECT_LT(stage.host.at(1).received.size(), stage.host.at(0).received.size() / 4);
  EXPECT_EQ(stage.engine->events_of(log).head(), 2U);
}

TEST(FanOutRules, Rule2_TheRestOfAHalfWrittenFrameGoesToTheOutboxWhichGoesFirst) {
  Stage stage;
  const LogId log = stage.engine->add_log(kDisconnect);
  stage.join(0, {log});
  stage.host.at(0).capacity = 7;
  stage.append(log, "0123456789");
  stage.append(log, "next");
  stage.run();
  EXPECT_EQ(stage.engine->events_of(log).size(), 2U);
  stage.send(0, ping_frame("ping"));
  stage.let_through(0);
  stage.run();
  EXPECT_THAT(stage.received(0), ElementsAre("0123456789", "!ping", "next"));
  EXPECT_EQ(stage.engine->events_of(log).size(), 0U);
}

TEST(FanOutRules, Rule3_OneGatheredWriteOverAllLogsOfAConnection) {
  Stage stage;
  std::vector<LogId> logs;
  for (int i = 0; i < 20; ++i) logs.push_back(stage.engine->add_log(kDisconnect));
  stage.join(0, logs);
  for (const LogId log : logs) stage.append(log, std::to_string(log));
  stage.run();
  EXPECT_EQ(stage.host.at(0).writes(), 1U);
  EXPECT_EQ(stage.received(0).size(), 20U);
}

TEST(FanOutRules, Rule4_TheSweepGoesOnToTheCurrentHeadAndEndsAfterAFullTurnWithoutAnAppend) {
  Stage stage;
  const LogId log = stage.engine->add_log(kDisconnect);
  for (SubscriberId id = 0; id < 10; ++id) stage.join(id, {log});
  stage.append(log, "a");
  EXPECT_TRUE(stage.slice(5));
  const auto reached = stage.host.order;
  EXPECT_THAT(reached, ::testing::Not(IsEmpty()));
  stage.append(log, "b");
  stage.run();
  // It did not begin anew: those who had `a` come last, and the others took `b` along.
  for (SubscriberId id = 0; id < 10; ++id) {
    const bool was_reached = std::find(reached.begin(), reached.end(), id) != reached.end();
    EXPECT_EQ(stage.host.at(id).writes(), was_reached ? 2U : 1U);
    EXPECT_THAT(stage.received(id), ElementsAre("a", "b"));
  }
  EXPECT_EQ(stage.host.order[reached.size()], reached.back() + 1);
  EXPECT_FALSE(stage.engine->has_work());
}

TEST(FanOutRules, Rule4_AChannelOfOneDoesNotWaitForASweepOfThousands) {
  Stage stage;
  const LogId big = stage.engine->add_log(kDisconnect);
  const LogId small = stage.engine->add_log(kDisconnect);
  for (SubscriberId id = 1; id < 5000; ++id) stage.join(id, {big});
  stage.join(0, {small});
  stage.append(big, "all");
  stage.append(small, "one");
  stage.run();
  const auto place = std::find(stage.host.order.begin(), stage.host.order.end(), 0U);
  EXPECT_LE(place - stage.host.order.begin(), FanOut::kWritesATurn);
}

TEST(FanOutRules, Rule5_AClientThatWasNotSweptYetIsNeverSlow) {
  Stage stage({.bytes_max = 1000, .age_ms_max = 1000});
  const LogId log = stage.engine->add_log(kDisconnect);
  stage.join(0, {log});
  stage.join(1, {log});
  stage.block(0);
  stage.append(log, std::string(100, 'x'));
  stage.run();
  std::vector<std::pair<SubscriberId, What>> found;
  for (int i = 0; i < 50; ++i) {
    stage.append(log, std::string(100, 'x'));
    stage.pass(milliseconds(100));
    stage.slice(0);  // there is never time for the other
    stage.engine->check_lag(stage.now);
    for (const auto& each : stage.verdicts()) found.push_back(each);
  }
  EXPECT_THAT(found, ElementsAre(Pair(0, ::testing::AnyOf(What::slow_by_bytes, What::slow_by_age))));
  stage.run();
  EXPECT_EQ(stage.received(1).size(), 51U);
  EXPECT_EQ(stage.engine->counters().overruns, 0U);
}

TEST(FanOutRules, Rule6_ASubscriberWithAFullOutboxIsNotToBeReadFrom) {
  Stage stage({}, {.outbox_bytes_max = 100});
  stage.join(0, {});
  stage.block(0);
  EXPECT_TRUE(stage.send(0, ping_frame(std::string(98, 'a'))));
  EXPECT_FALSE(stage.engine->outbox_has_room(0, 1));
  EXPECT_FALSE(stage.send(0, "x"));
  EXPECT_TRUE(stage.engine->outbox_has_room(0, 10, 10));
  EXPECT_FALSE(stage.engine->outbox_has_room(0, 11, 10));
  stage.run();
  stage.let_through(0);
  stage.run();
  EXPECT_TRUE(stage.engine->outbox_has_room(0, 1));
  EXPECT_EQ(stage.host.at(0).received.size(), 100U);  // nothing of what was declined
}

TEST(FanOutRules, Rule7_ALogWithoutSubscribersKeepsNothing) {
  Stage stage;
  const LogId log = stage.engine->add_log(kDisconnect);
  stage.append(log, "into the void");
  EXPECT_EQ(stage.engine->events_of(log).size(), 0U);
  EXPECT_EQ(stage.engine->counters().retained_bytes, 0U);
  EXPECT_FALSE(stage.engine->has_work());
}

TEST(FanOutRules, Rule8_ANewSubscriberStartsAtTheHeadAndTheLeavingMakeRoomBetweenSweeps) {
  Stage stage;
  const LogId log = stage.engine->add_log(kDisconnect);
  for (SubscriberId id = 0; id < 40; ++id) stage.join(id, {log});
  stage.append(log, "a");
  stage.slice(10);
  for (SubscriberId id = 0; id < 38; ++id) stage.engine->remove_subscriber(id);
  stage.join(50, {log});
  stage.append(log, "b");
  stage.run();
  EXPECT_THAT(stage.received(38), ElementsAre("a", "b"));
  EXPECT_THAT(stage.received(39), ElementsAre("a", "b"));
  EXPECT_THAT(stage.received(50), ElementsAre("b"));
  EXPECT_EQ(stage.engine->subscribers_of(log), 3U);
  // The places have moved; the cursors with them.
  stage.engine->unsubscribe(39, log);
  stage.append(log, "c");
  stage.run();
  EXPECT_THAT(stage.received(38), ElementsAre("a", "b", "c"));
  EXPECT_THAT(stage.received(39), ElementsAre("a", "b"));
  EXPECT_THAT(stage.received(50), ElementsAre("b", "c"));
}

TEST(FanOutRules, Rule8_AVerdictWaitsForTheEndOfTheSliceAndTheJudgedIsNeverWrittenToAgain) {
  Stage stage;
  const LogId log = stage.engine->add_log(kDisconnect);
  for (SubscriberId id = 0; id < 3; ++id) stage.join(id, {log});
  stage.host.at(1).broken = true;
  stage.append(log, "a");
  stage.run();
  stage.append(log, "b");
  stage.run();
  EXPECT_EQ(std::count(stage.host.order.begin(), stage.host.order.end(), 1U), 1);
  EXPECT_THAT(stage.verdicts(), ElementsAre(Pair(1, What::broken)));
  EXPECT_THAT(stage.received(0), ElementsAre("a", "b"));
  EXPECT_THAT(stage.received(2), ElementsAre("a", "b"));
  EXPECT_EQ(stage.engine->counters().retained_bytes, 0U);
}

}  // namespace
}  // namespace carillon::fanout::testing
