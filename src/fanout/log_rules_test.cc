// Subscribers whose logs have different rules: which logs count towards being slow, and which rule the log of
// a channel has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "fanout/subscription_index.h"
#include "fanout/testing/stage.h"

namespace carillon::fanout::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using What = Verdict::What;

ChannelPattern pattern(std::string_view text) { return *ChannelPattern::parse(text); }

// Subscriber 0 has a log that sends the newest event only and one that closes.
class LogRulesTest : public ::testing::Test {
 protected:
  explicit LogRulesTest(LagRule limits = {.bytes_max = 100}) : stage(limits) {
    stage.join(0, {ticks, orders});
  }
  void append(LogId log, std::size_t wire_bytes = 10) {
    const auto frame =
        stage.arena.make_own(std::string(wire_bytes - 2, log == ticks ? 't' : 'o'), {stage.now, ++number_});
    stage.engine->append(log, frame, stage.now);
    stage.run();
  }
  auto look_for(milliseconds time) {
    std::vector<std::pair<SubscriberId, What>> found;
    for (milliseconds passed{0}; passed <= time && found.empty(); passed += milliseconds(250)) {
      stage.engine->check_lag(stage.now);
      found = stage.verdicts();
      stage.pass(milliseconds(250));
    }
    return found;
  }

  Stage stage;
  LogId ticks = stage.engine->add_log(kLatest);
  LogId orders = stage.engine->add_log(kDisconnect);

 private:
  std::uint64_t number_ = 0;
};

TEST_F(LogRulesTest, OneThatIsBehindOnTicksAndKeepsUpOnOrdersStays) {
  LagRules rules = Stage::rules({.bytes_max = 100});
  for (LogRules& each : rules.logs) each[kLatest].bytes_max = 10'000;  // far more than closes a client
  stage.engine->set_rules(rules);
  constexpr std::size_t kRounds = 240;
  for (std::size_t i = 0; i < kRounds; ++i) {
    for (int tick = 0; tick < 20; ++tick) append(ticks);
    append(orders);
    for (int part = 0; part < 3; ++part) {
      stage.let_through(0, 15);
      stage.run();
    }
    ASSERT_THAT(look_for(milliseconds(0)), IsEmpty()) << i;
  }
  EXPECT_GT(stage.engine->counters().events_skipped, kRounds * 10);
  stage.let_through(0);
  stage.run();
  std::size_t received = 0;
  for (const std::string& each : stage.received(0)) received += each == std::string(8, 'o') ? 1U : 0U;
  EXPECT_EQ(received, kRounds) << "every order";
}

TEST_F(LogRulesTest, OnlyTheLogsThatCloseCountAgainstTheLimit) {
  for (const int off : {-1, 0, 1}) {
    const auto id = static_cast<SubscriberId>(off + 2);
    const LogId other = stage.engine->add_log(kDisconnect);
    stage.join(id, {ticks, orders, other});
    stage.block(id);
    stage.engine->unsubscribe_all(0);
    for (int i = 0; i < 50; ++i) append(ticks);
    append(orders, 50);
    append(other, static_cast<std::size_t>(50 + off));
    const auto found = look_for(milliseconds(3000));
    if (off <= 0) {
      EXPECT_THAT(found, IsEmpty()) << off;
    } else {
      EXPECT_THAT(found, ElementsAre(Pair(id, What::slow_by_bytes)));
    }
    stage.engine->remove_subscriber(id);
  }
}

TEST_F(LogRulesTest, OneThatTakesNothingIsSlowByTheAgeOfTheOldestOrder) {
  stage.host.at(0).capacity = 5;  // inside a tick, whose rest waits in the outbox
  append(ticks);
  for (int i = 0; i < 100; ++i) append(ticks);
  EXPECT_THAT(look_for(seconds(60)), IsEmpty());
  append(orders);
  EXPECT_THAT(look_for(seconds(15)), IsEmpty());
  EXPECT_THAT(look_for(milliseconds(250)), ElementsAre(Pair(0, What::slow_by_age)));
}

TEST_F(LogRulesTest, TheRestOfAnOrderCountsAndThatOfATickDoesNot) {
  stage.join(1, {ticks, orders});
  for (const SubscriberId id : {0U, 1U}) stage.host.at(id).capacity = 5;
  append(ticks);
  stage.let_through(1);
  stage.run();
  stage.host.at(1).capacity = 5;
  stage.engine->unsubscribe(0, orders);  // but its rule would apply
  stage.engine->subscribe(0, stage.engine->add_log(kDisconnect));
  append(orders);
  EXPECT_THAT(look_for(seconds(15)), IsEmpty());
  EXPECT_THAT(look_for(seconds(60)), ElementsAre(Pair(1, What::slow_by_age)));
  EXPECT_THAT(look_for(seconds(60)), IsEmpty());
}

TEST_F(LogRulesTest, OneWithOnlyTicksIsNeverSlowWhateverItsGroupIs) {
  stage.join(1, {ticks}, kDisconnect);
  stage.block(1);
  stage.send(1, ping_frame("p"));
  for (int i = 0; i < 100; ++i) append(ticks);
  EXPECT_THAT(look_for(seconds(120)), IsEmpty());
  stage.let_through(1);
  stage.run();
  EXPECT_THAT(stage.received(1), ElementsAre("!p", "gap 0 99", std::string(8, 't')));
}

TEST_F(LogRulesTest, AGroupThatSkipsIsClosedForTheLogsThatClose) {
  stage.join(1, {ticks, orders}, kLatest);
  stage.block(1);
  append(orders);
  EXPECT_THAT(look_for(seconds(15)), IsEmpty());
  EXPECT_THAT(look_for(milliseconds(250)), ElementsAre(Pair(1, What::slow_by_age)));
}

// The limits of a new subscription are not those of an earlier one.
TEST_F(LogRulesTest, TheGraceBeginsAnewOnceNothingThatClosesWaits) {
  stage.block(0);
  append(ticks);
  append(orders, 101);
  EXPECT_THAT(look_for(milliseconds(2500)), IsEmpty());
  stage.engine->unsubscribe(0, orders);
  EXPECT_THAT(look_for(seconds(10)), IsEmpty());
  stage.engine->subscribe(0, orders);
  append(orders, 101);
  EXPECT_THAT(look_for(milliseconds(2750)), IsEmpty());
  EXPECT_THAT(look_for(milliseconds(250)), ElementsAre(Pair(0, What::slow_by_bytes)));
}

TEST_F(LogRulesTest, TheBacklogThatIsReportedHasAllLogs) {
  stage.block(0);
  append(ticks, 10);
  append(orders, 20);
  EXPECT_EQ(stage.engine->backlog_bytes(0), 30U);
}

TEST_F(LogRulesTest, ALogKeepsWhatItsOwnRuleSays) {
  stage.block(0);
  for (int i = 0; i < 50; ++i) append(ticks);
  for (int i = 0; i < 50; ++i) append(orders);
  EXPECT_EQ(stage.engine->events_of(ticks).bytes(), 100U);
  EXPECT_EQ(stage.engine->events_of(orders).bytes(), 500U);
}

TEST_F(LogRulesTest, WhenMemoryIsShortThoseWithOnlyTicksWaitingStay) {
  stage.join(1, {ticks, orders});
  stage.engine->unsubscribe(0, orders);
  for (const SubscriberId id : {0U, 1U}) stage.block(id);
  for (int i = 0; i < 50; ++i) append(ticks);
  EXPECT_FALSE(stage.engine->shed_furthest_behind(stage.now));
  for (int i = 0; i < 11; ++i) append(orders);
  EXPECT_TRUE(stage.engine->shed_furthest_behind(stage.now));
  EXPECT_THAT(stage.verdicts(), ElementsAre(Pair(1, What::slow_by_memory)));
}

TEST_F(LogRulesTest, ALogThatIsGivenAnotherRuleFollowsItAtOnce) {
  stage.block(0);
  for (int i = 0; i < 20; ++i) append(orders);
  stage.engine->set_policy(orders, kLatest);
  append(orders);
  EXPECT_LE(stage.engine->events_of(orders).bytes(), 100U);
  EXPECT_THAT(look_for(seconds(60)), IsEmpty());
  stage.let_through(0);
  stage.run();
  EXPECT_THAT(stage.received(0), ElementsAre("gap 1 20", std::string(8, 'o')));
}

// --- the rule of a channel's log ------------------------------------------------------------------

TEST(ChannelPolicies, TheFirstPatternThatMatchesCounts) {
  ChannelPolicies policies(5);
  policies.add(pattern("ticks.slow"), 1);
  policies.add(pattern("ticks.*"), 2);
  policies.add(pattern("*.slow"), 3);
  EXPECT_EQ(policies.of("ticks.slow"), 1);
  EXPECT_EQ(policies.of("ticks.a"), 2);
  EXPECT_EQ(policies.of("ticks."), 2);
  EXPECT_EQ(policies.of("orders.slow"), 3);
  EXPECT_EQ(policies.of("orders.a"), 5);
  EXPECT_EQ(ChannelPolicies().of("orders.a"), kDefaultPolicy);
}

TEST(ChannelPolicies, AreTheSameWithTheSamePatternsInTheSameOrder) {
  const auto made = [](std::string_view first, PolicyId of_first, std::string_view second) {
    ChannelPolicies policies;
    policies.add(pattern(first), of_first);
    policies.add(pattern(second), 2);
    return policies;
  };
  EXPECT_EQ(made("a", 1, "b"), made("a", 1, "b"));
  EXPECT_NE(made("a", 1, "b"), made("b", 1, "a"));
  EXPECT_NE(made("a", 1, "b"), made("a", 2, "b"));
  EXPECT_NE(made("a", 1, "b"), ChannelPolicies());
  EXPECT_NE(ChannelPolicies(1), ChannelPolicies(2));
}

// A log shows its rule by what it retains for one that is blocked.
class RuleOfAChannel : public ::testing::Test {
 protected:
  RuleOfAChannel() {
    stage.join(0, {});
    stage.block(0);
    stage.send(0, ping_frame("p"));
    stage.run();
  }
  ChannelPolicies latest_for(std::string_view channels) {
    ChannelPolicies policies(kDisconnect);
    policies.add(pattern(channels), kLatest);
    return policies;
  }
  bool is_latest(const SubscriptionIndex& index, const std::string& channel) {
    const LogId log = *index.find(channel);
    for (int i = 0; i < 20; ++i) stage.append(log, "12345678");
    stage.run();
    stage.append(log, "12345678");
    stage.run();
    return stage.engine->events_of(log).bytes() <= 100;
  }
  Stage stage{{.bytes_max = 100}};
};

TEST_F(RuleOfAChannel, IsFoundWhenItsLogIsAdded) {
  SubscriptionIndex index(*stage.engine, latest_for("ticks.*"), 100, {1, 2});
  for (const char* channel : {"ticks.a", "orders.a"}) index.subscribe(0, channel);
  EXPECT_TRUE(is_latest(index, "ticks.a"));
  EXPECT_FALSE(is_latest(index, "orders.a"));
}

TEST_F(RuleOfAChannel, IsReplacedForTheChannelsThatThereAre) {
  SubscriptionIndex index(*stage.engine, latest_for("ticks.*"), 1000, {1, 2});
  index.set_policies(latest_for("none"));
  index.set_policies(latest_for("ticks.*"));
  constexpr int kChannels = 100;
  for (int i = 0; i < kChannels; ++i) {
    index.subscribe(0, "ticks." + std::to_string(i));
    index.subscribe(0, "orders." + std::to_string(i));
  }
  index.set_policies(latest_for("orders.*"));
  index.subscribe(0, "orders.later");
  index.subscribe(0, "ticks.later");
  for (int i = 0; i < kChannels; ++i) {
    EXPECT_FALSE(is_latest(index, "ticks." + std::to_string(i))) << i;
    EXPECT_TRUE(is_latest(index, "orders." + std::to_string(i))) << i;
  }
  EXPECT_TRUE(is_latest(index, "orders.later"));
  EXPECT_FALSE(is_latest(index, "ticks.later"));
}

}  // namespace
}  // namespace carillon::fanout::testing
