// Subscribers that are first sent what they missed.
#include "fanout/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fanout/testing/stage.h"

namespace carillon::fanout::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using What = Verdict::What;

// Missed events that are numbered from `first` to `last`, each `size` bytes long.
class Missed final : public ReplaySource {
 public:
  Missed(int first, int last, std::size_t size = 0) : next_(first), last_(last), size_(size) {}

  std::uint32_t append_next(std::string& out, std::size_t bytes) override {
    std::uint32_t events = 0;
    for (const std::size_t begin = out.size(); next_ <= last_ && out.size() - begin < bytes; ++events) {
      std::string text = "missed " + std::to_string(next_++);
      text.resize(std::max(size_, text.size()), '.');
      websocket::append_frame(out, websocket::Opcode::text, text);
    }
    return events;
  }

 private:
  int next_;
  const int last_;
  const std::size_t size_;
};

class Replays : public ::testing::Test {
 protected:
  void SetUp() override {
    stage.join(0, {log});
    stage.engine->check_lag(stage.now);  // the first one begins all times anew
  }

  void replay(int first, int last, std::size_t size = 0) {
    stage.engine->replay(0, std::make_unique<Missed>(first, last, size), stage.now);
  }
  // Lets time pass as the shard does, which checks for lag four times a second; the client takes `rate` bytes
  // per second.
  std::vector<std::pair<SubscriberId, What>> pass(milliseconds time, std::size_t rate) {
    std::vector<std::pair<SubscriberId, What>> found;
    for (milliseconds passed(0); passed < time && found.empty(); passed += milliseconds(250)) {
      stage.pass(milliseconds(250));
      if (rate > 0) stage.let_through(0, rate / 4);
      stage.run();
      stage.engine->check_lag(stage.now);
      found = stage.verdicts();
    }
    return found;
  }

  Stage stage;
  LogId log = stage.engine->add_log(kDisconnect);
};

TEST_F(Replays, MissedEventsComeAfterTheReplyAndBeforeNewEvents) {
  stage.send(0, text_frame("subscribed"));
  replay(1, 3);
  stage.append(log, "new 4");
  stage.run();
  stage.append(log, "new 5");
  stage.run();
  EXPECT_THAT(stage.received(0),
              ElementsAre("subscribed", "missed 1", "missed 2", "missed 3", "new 4", "new 5"));
  EXPECT_EQ(stage.engine->counters().sent[kDisconnect].deliveries, 5U);
  EXPECT_EQ(stage.engine->counters().retained_bytes, 0U);
}

TEST_F(Replays, OtherSubscribersDoNotWaitForAReplay) {
  stage.join(1, {log});
  stage.block(0);
  replay(1, 3);
  stage.append(log, "new");
  stage.run();
  EXPECT_THAT(stage.received(1), ElementsAre("new"));
}

TEST_F(Replays, SeveralReplaysOfOneSubscriberFollowOneAnother) {
  replay(1, 2);
  replay(3, 4);
  stage.run();
  EXPECT_THAT(stage.received(0), ElementsAre("missed 1", "missed 2", "missed 3", "missed 4"));
}

TEST_F(Replays, AShortWriteAtAnyByteLosesAndRepeatsNothing) {
  for (std::size_t cut = 1; cut < 60; ++cut) {
    Stage each;
    const LogId one = each.engine->add_log(kDisconnect);
    each.join(0, {one});
    each.host.at(0).capacity = cut;
    each.send(0, text_frame("reply"));
    each.engine->replay(0, std::make_unique<Missed>(1, 3), each.now);
    each.append(one, "new 4");
    each.run();
    each.send(0, text_frame("pong"));
    each.let_through(0);
    each.run();
    Payloads all = each.received(0);
    // The pong may go before what is not encoded yet, never into it.
    std::erase(all, "pong");
    EXPECT_THAT(all, ElementsAre("reply", "missed 1", "missed 2", "missed 3", "new 4")) << cut;
  }
}

TEST_F(Replays, ABlockedSubscriberOccupiesOnePieceHoweverMuchItMissed) {
  stage.block(0);
  replay(1, 10'000, 1000);
  stage.run();
  EXPECT_LE(stage.engine->outbox_bytes(0), Replay::kPieceBytes + 1000);
  stage.let_through(0);
  stage.run();
  EXPECT_EQ(stage.received(0).size(), 10'000U);
}

TEST_F(Replays, WhenItsSubscriptionEndsTheRestOfAReplayIsNotSent) {
  stage.block(0);
  replay(1, 100, 1000);
  stage.run();
  stage.engine->unsubscribe(0, log);
  stage.send(0, text_frame("unsubscribed"));
  stage.let_through(0);
  stage.run();
  const Payloads all = stage.received(0);
  EXPECT_LT(all.size(), 20U);
  EXPECT_EQ(all.back(), "unsubscribed");
}

TEST_F(Replays, ACloseAfterAllEventsWaitsForTheReplay) {
  replay(1, 100, 1000);
  stage.append(log, "new");
  stage.finish(0);
  stage.run();
  EXPECT_EQ(stage.received(0).size(), 102U);  // with the close frame
  EXPECT_THAT(stage.verdicts(), ElementsAre(Pair(0, What::finished)));
}

TEST_F(Replays, AnImmediateCloseEndsTheReplay) {
  stage.block(0);
  replay(1, 100, 1000);
  stage.run();
  stage.engine->finish_now(0, Stage::close_frame(), stage.now);
  stage.let_through(0);
  stage.run();
  EXPECT_LT(stage.received(0).size(), 20U);
}

TEST_F(Replays, ASubscriberThatTakesOneByteAtATimeIsSlow) {
  stage.block(0);
  replay(1, 100, 1000);
  stage.run();
  EXPECT_THAT(pass(milliseconds(2500), 4), IsEmpty());
  EXPECT_THAT(pass(milliseconds(1000), 4), ElementsAre(Pair(0, What::slow_by_age)));
}

// A piece counts when it is encoded, so the rate is a little uneven.
TEST_F(Replays, ASubscriberBelowSixteenKibibytesASecondIsSlow) {
  stage.block(0);
  replay(1, 2000, 1000);
  stage.run();
  EXPECT_THAT(pass(seconds(20), 12 * 1024), ElementsAre(Pair(0, What::slow_by_age)));
}

TEST_F(Replays, ASubscriberAboveSixteenKibibytesASecondIsNotSlow) {
  stage.block(0);
  replay(1, 2000, 1000);
  stage.run();
  EXPECT_THAT(pass(seconds(20), 20 * 1024), IsEmpty());
}

TEST_F(Replays, AFastReplayThatTakesLongerThanTheTimeoutIsSlow) {
  stage.block(0);
  replay(1, 4000, 1000);
  stage.run();
  EXPECT_THAT(pass(milliseconds(59'750), 40 * 1024), IsEmpty());
  EXPECT_THAT(pass(milliseconds(250), 40 * 1024), ElementsAre(Pair(0, What::slow_by_age)));
}

TEST_F(Replays, TheTimeoutIsThatOfThePolicy) {
  LagRule rule;
  rule.replay_ms_max = 10'000;
  stage.engine->set_rules(Stage::rules(rule));
  stage.block(0);
  replay(1, 4000, 1000);
  stage.run();
  EXPECT_THAT(pass(milliseconds(9'750), 40 * 1024), IsEmpty());
  EXPECT_THAT(pass(milliseconds(250), 40 * 1024), ElementsAre(Pair(0, What::slow_by_age)));
}

TEST_F(Replays, TheLogsBacklogDoesNotCountDuringAReplay) {
  stage.block(0);
  replay(1, 1000, 1000);
  stage.run();
  for (int i = 0; i < 3000; ++i) stage.append(log, std::string(1000, 'x'));  // three times lag.bytes_max
  EXPECT_THAT(pass(seconds(20), 40 * 1024), IsEmpty());
}

TEST_F(Replays, MissedEventsFromAfterAGapOfTheBusComeAfterItsFrame) {
  const auto append = [&](std::uint64_t number) {
    const auto frame = stage.arena.make_own(std::to_string(number), {stage.now, number});
    stage.engine->append(log, frame, stage.now);
  };
  const auto announce_gap = [&](const std::string& text, std::uint64_t number) {
    stage.engine->announce({Notice::gap, {text_frame(text), {}}, number}, stage.now);
  };
  stage.block(0);
  append(1);
  announce_gap("gap", 2);
  append(3);
  replay(1, 1);
  for (int i = 0; i < 40; ++i) {
    stage.let_through(0, 1);  // byte by byte, so that every frame is cut while they wait
    stage.run();
  }
  EXPECT_THAT(stage.received(0), ElementsAre("1", "gap", "missed 1", "3"));
  stage.let_through(0);
  replay(2, 2);
  announce_gap("second gap", 4);
  stage.run();
  EXPECT_THAT(stage.received(0), ElementsAre("1", "gap", "missed 1", "3", "missed 2", "second gap"));
}

TEST_F(Replays, APauseOfTheProcessDoesNotCountAsTheSubscribersTime) {
  stage.block(0);
  replay(1, 1000, 1000);
  stage.run();
  EXPECT_THAT(pass(seconds(1), 40 * 1024), IsEmpty());
  stage.pass(seconds(120));
  stage.engine->check_lag(stage.now);
  EXPECT_THAT(stage.verdicts(), IsEmpty());
}

}  // namespace
}  // namespace carillon::fanout::testing
