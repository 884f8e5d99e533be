// Gaps of the bus and its status: every subscriber is told once, at the right place among its events.
#include "fanout/notices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "fanout/testing/stage.h"

namespace carillon::fanout::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using What = Verdict::What;

class Announcements : public ::testing::Test {
 protected:
  // The next event of the process, whose text is its number.
  std::uint64_t append(LogId to, Tag tag = 0) {
    const std::uint64_t number = ++number_;
    const auto frame = stage.arena.make_own(std::to_string(number), {stage.now, number});
    stage.engine->append(to, frame, stage.now, tag);
    return number;
  }
  void gap(std::string text = "gap") {
    stage.engine->announce({Notice::gap, frames(std::move(text)), ++number_}, stage.now);
  }
  void set_status(Notice what) {
    const std::string text = what == Notice::degraded ? "degraded" : "restored";
    stage.engine->announce({what, frames(text), 0}, stage.now);
  }
  // For subscribers of kDisconnect.
  static std::vector<std::string> frames(const std::string& text) { return {text_frame(text), {}}; }
  std::uint64_t sent(Notice what) {
    return stage.engine->counters().notices_sent[static_cast<std::size_t>(what)];
  }
  std::uint64_t owed() { return stage.engine->counters().gaps_owed; }
  void run_all() {
    while (stage.slice(50)) continue;
  }

  Stage stage;
  LogId log = stage.engine->add_log(kDisconnect);
  std::uint64_t number_ = 0;
};

// --- where it comes -----------------------------------------------------------------------------

TEST_F(Announcements, AGapComesAfterTheEventsBeforeItAndBeforeThoseAfterIt) {
  stage.join(0, {log});
  append(log);
  gap();
  append(log);
  run_all();
  EXPECT_THAT(stage.received(0), ElementsAre("1", "gap", "3"));
  EXPECT_EQ(stage.engine->counters().retained_bytes, 0U);
  EXPECT_EQ(owed(), 0U);
}

TEST_F(Announcements, AnIdleSubscriberIsToldOfAGapWithoutAnEvent) {
  stage.join(0, {log});
  gap();
  EXPECT_TRUE(stage.engine->has_work());
  run_all();
  EXPECT_THAT(stage.received(0), ElementsAre("gap"));
  EXPECT_FALSE(stage.engine->has_work());
}

TEST_F(Announcements, ABlockedSubscriberIsToldBetweenTheEventsHoweverItsBytesLeave) {
  for (std::size_t piece = 1; piece < 12; ++piece) {
    Stage fresh;
    const LogId one = fresh.engine->add_log(kDisconnect);
    const LogId other = fresh.engine->add_log(kDisconnect);
    fresh.join(0, {one, other});
    fresh.block(0);
    const auto put = [&](LogId to, std::uint64_t number) {
      const auto frame = fresh.arena.make_own(std::to_string(number), {fresh.now, number});
      fresh.engine->append(to, frame, fresh.now);
    };
    put(one, 1);
    put(other, 2);
    fresh.run();
    fresh.engine->announce({Notice::gap, frames("gap"), 3}, fresh.now);
    put(other, 4);
    put(one, 5);
    fresh.run();
    EXPECT_EQ(fresh.engine->counters().gaps_owed, 1U);
    for (int i = 0; i < 40; ++i) {
      fresh.let_through(0, piece);
      fresh.run();
    }
    const Payloads received = fresh.received(0);
    ASSERT_EQ(received.size(), 5U) << piece;
    EXPECT_THAT(Payloads(received.begin(), received.begin() + 2), ::testing::UnorderedElementsAre("1", "2"));
    EXPECT_EQ(received[2], "gap");
    EXPECT_EQ(fresh.engine->counters().retained_bytes, 0U);
    EXPECT_EQ(fresh.engine->counters().gaps_owed, 0U);
  }
}

TEST_F(Announcements, EventsThatASubscriberDoesNotSelectDoNotDelayTheGap) {
  stage.engine->add_subscriber(0, kDisconnect, Encoding::plain);
  stage.engine->subscribe(0, log, mask_of(Tag{1}));
  append(log, Tag{2});
  gap();
  append(log, Tag{2});
  append(log, Tag{1});
  run_all();
  EXPECT_THAT(stage.received(0), ElementsAre("gap", "4"));
}

TEST_F(Announcements, MissedEventsOfAResumeComeBeforeTheGap) {
  class Missed final : public ReplaySource {
   public:
    std::uint32_t append_next(std::string& out, std::size_t) override {
      if (left_ == 0) return 0;
      out += text_frame("missed " + std::to_string(left_--));
      return 1;
    }

   private:
    int left_ = 2;
  };
  stage.join(0, {log});
  stage.engine->replay(0, std::make_unique<Missed>(), stage.now);
  gap();
  append(log);
  run_all();
  EXPECT_THAT(stage.received(0), ElementsAre("missed 2", "missed 1", "gap", "2"));
}

TEST_F(Announcements, ASlowSubscriberIsToldOfWhatItMissedBeforeTheGapOfTheBus) {
  Stage fresh({.bytes_max = 12});
  const LogId one = fresh.engine->add_log(kSkip);
  fresh.join(0, {one}, kSkip);
  fresh.block(0);
  const auto put = [&](std::uint64_t number) {
    fresh.engine->append(one, fresh.arena.make_own(std::to_string(number), {fresh.now, number}), fresh.now);
    fresh.run();
  };
  for (std::uint64_t number = 1; number <= 9; ++number) put(number);
  fresh.engine->announce({Notice::gap, {{}, text_frame("bus")}, 10}, fresh.now);
  fresh.let_through(0);
  fresh.run();
  put(11);
  const Payloads received = fresh.received(0);
  EXPECT_EQ(received, (Payloads{"gap " + std::to_string(one) + " 5", "6", "7", "8", "9", "bus", "11"}));
}

TEST_F(Announcements, ASubscriberThatIsClosedAfterItsEventsIsToldBeforeTheLastBytes) {
  stage.join(0, {log});
  stage.block(0);
  append(log);
  stage.run();
  gap();
  append(log);
  stage.finish(0);
  stage.let_through(0);
  run_all();
  EXPECT_THAT(stage.received(0), ElementsAre("1", "gap", "3", "X"));
  EXPECT_THAT(stage.verdicts(), ElementsAre(std::pair(0U, What::finished)));
}

TEST_F(Announcements, NothingFollowsTheLastBytes) {
  stage.join(0, {log});
  stage.block(0);
  stage.engine->finish_now(0, Stage::close_frame(), stage.now);
  stage.run();
  gap();
  set_status(Notice::degraded);
  stage.let_through(0);
  run_all();
  EXPECT_THAT(stage.received(0), ElementsAre("X"));
  EXPECT_EQ(owed(), 0U);
}

TEST_F(Announcements, UntilItHasBeenToldOfAGapASubscriberHasNotEverything) {
  stage.join(0, {log});
  EXPECT_EQ(stage.engine->backlog_bytes(0), 0U);
  gap();
  EXPECT_EQ(stage.engine->backlog_bytes(0), std::nullopt);
  run_all();
  EXPECT_EQ(stage.engine->backlog_bytes(0), 0U);
}

// --- who is told --------------------------------------------------------------------------------

TEST_F(Announcements, ThoseThatAreThereAreToldOnceAndThoseThatJoinOrLeaveAreNot) {
  for (SubscriberId id = 0; id < 1000; ++id) stage.join(id, {log});
  gap();
  EXPECT_EQ(owed(), 1000U);
  stage.slice(50);
  EXPECT_LT(sent(Notice::gap), 60U);
  stage.engine->remove_subscriber(999);
  stage.engine->remove_subscriber(998);
  stage.join(998, {log});
  stage.join(1000, {log});
  append(log);
  run_all();
  for (SubscriberId id = 0; id < 998; ++id) EXPECT_THAT(stage.received(id), ElementsAre("gap", "2"));
  EXPECT_THAT(stage.received(998), ElementsAre("2"));
  EXPECT_THAT(stage.received(999), IsEmpty());
  EXPECT_THAT(stage.received(1000), ElementsAre("2"));
  EXPECT_EQ(sent(Notice::gap), 998U);
  EXPECT_EQ(owed(), 0U);
}

TEST_F(Announcements, APolicyWithoutAFrameIsNotTold) {
  const LogId other = stage.engine->add_log(kSkip);
  stage.join(0, {other}, kSkip);
  gap();
  EXPECT_EQ(owed(), 0U);
  append(other);
  run_all();
  EXPECT_THAT(stage.received(0), ElementsAre("2"));
}

TEST_F(Announcements, TheWalkMakesFewSubscribersReadyAtATime) {
  for (SubscriberId id = 0; id < 1000; ++id) stage.join(id, {log});
  gap();
  for (int slices = 0; stage.slice(20); ++slices) ASSERT_LT(slices, 100);
  EXPECT_EQ(sent(Notice::gap), 1000U);
}

TEST_F(Announcements, ASecondGapDuringTheWalkReachesEverySubscriberAfterIt) {
  for (SubscriberId id = 0; id < 300; ++id) stage.join(id, {log});
  gap("first");
  stage.slice(50);
  append(log);
  gap("second");
  append(log);
  run_all();
  std::map<Payloads, int> seen;
  for (SubscriberId id = 0; id < 300; ++id) ++seen[stage.received(id)];
  for (const auto& [payloads, count] : seen) {
    EXPECT_EQ(payloads.back(), "4") << count;
    EXPECT_THAT(payloads,
                ::testing::AnyOf(ElementsAre("first", "first", "2", "4"),
                                 ElementsAre("first", "2", "first", "4"), ElementsAre("first", "2", "4")))
        << count;
  }
  EXPECT_EQ(owed(), 0U);
  gap("third");
  run_all();
  EXPECT_EQ(stage.received(0).back(), "third");
}

// --- the status ---------------------------------------------------------------------------------

TEST_F(Announcements, AnInterruptionIsToldAsDegradedThenAGapThenRestored) {
  stage.join(0, {log});
  stage.join(1, {log});
  stage.block(1);
  append(log);
  stage.run();
  set_status(Notice::degraded);
  run_all();
  stage.let_through(1, 6);
  run_all();
  gap();
  append(log);
  set_status(Notice::restored);
  run_all();
  stage.let_through(1);
  run_all();
  EXPECT_THAT(stage.received(0), ElementsAre("1", "degraded", "gap", "restored", "3"));
  EXPECT_THAT(stage.received(1), ElementsAre("degraded", "1", "gap", "restored", "3"));
}

TEST_F(Announcements, NobodyIsLeftWithDegradedAsTheLastWord) {
  for (SubscriberId id = 0; id < 1000; ++id) stage.join(id, {log});
  stage.block(7);
  append(log);
  run_all();
  set_status(Notice::degraded);
  stage.slice(60);
  EXPECT_GT(sent(Notice::degraded), 0U);
  EXPECT_LT(sent(Notice::degraded), 1000U);
  set_status(Notice::restored);
  run_all();
  EXPECT_EQ(sent(Notice::restored), sent(Notice::degraded));
  stage.let_through(7);
  run_all();
  for (SubscriberId id = 0; id < 1000; ++id) {
    const Payloads received = stage.received(id);
    EXPECT_TRUE(received.back() == "restored" || received == Payloads{"1"}) << id;
  }
}

TEST_F(Announcements, AStatusThatIsThePresentOneChangesNothing) {
  stage.join(0, {log});
  set_status(Notice::restored);
  run_all();
  set_status(Notice::degraded);
  set_status(Notice::degraded);
  run_all();
  EXPECT_THAT(stage.received(0), ElementsAre("degraded"));
}

TEST_F(Announcements, ASubscriberThatJoinsWhileTheStatusIsDegradedIsToldBehindItsFirstBytes) {
  set_status(Notice::degraded);
  run_all();
  stage.join(0, {log});
  stage.send(0, text_frame("welcome"));
  run_all();
  set_status(Notice::restored);
  run_all();
  EXPECT_THAT(stage.received(0), ElementsAre("welcome", "degraded", "restored"));
}

// --- limits -------------------------------------------------------------------------------------

TEST_F(Announcements, AFrameWaitsUntilTheOutboxHasRoom) {
  const std::size_t frame = wire_size(3);  // "gap"
  for (const int beyond : {-1, 0, 1}) {
    Stage fresh({}, {.outbox_bytes_max = 40});
    const LogId one = fresh.engine->add_log(kDisconnect);
    fresh.join(0, {one});
    fresh.block(0);
    const std::size_t reply = 40 - frame + static_cast<std::size_t>(beyond);
    fresh.send(0, text_frame(std::string(reply - wire_size(0), 'r')));
    fresh.run();
    fresh.engine->announce({Notice::gap, frames("gap"), 1}, fresh.now);
    fresh.let_through(0, 0);
    fresh.run();
    EXPECT_EQ(fresh.engine->outbox_bytes(0), beyond <= 0 ? reply + frame : reply) << beyond;
    fresh.let_through(0);
    while (fresh.slice(10)) continue;
    EXPECT_EQ(fresh.received(0).back(), "gap");
  }
}

// --- anything in any order ----------------------------------------------------------------------

TEST_F(Announcements, WhateverHappensNoEventAfterAGapComesBeforeItsFrame) {
  std::mt19937 random(39);
  const auto up_to = [&](std::uint32_t n) { return random() % n; };
  const LogId other = stage.engine->add_log(kDisconnect);
  std::map<SubscriberId, std::uint64_t> joined;  // the number of the last event before it
  std::vector<std::uint64_t> gaps;
  for (int step = 0; step < 20'000; ++step) {
    const auto id = static_cast<SubscriberId>(up_to(20));
    switch (up_to(8)) {
      case 0:
        if (joined.contains(id) || stage.host.at(id).writes() > 0) break;
        joined[id] = number_;
        stage.join(id, {log, other});
        break;
      case 1:
        if (up_to(5) != 0 || owed() > 0) break;  // gaps that are merged have a test of their own
        gaps.push_back(number_ + 1);
        gap();
        break;
      case 2:
        if (joined.contains(id)) stage.block(id);
        break;
      case 3:
      case 4:
        if (joined.contains(id)) stage.let_through(id, up_to(3) == 0 ? kOpen : up_to(40));
        break;
      case 5:
        stage.slice(up_to(10));
        break;
      default:
        append(up_to(2) == 0 ? log : other);
    }
  }
  for (const auto& [id, since] : joined) stage.let_through(id);
  run_all();
  EXPECT_EQ(owed(), 0U);
  EXPECT_EQ(stage.engine->counters().retained_bytes, 0U);
  ASSERT_GT(gaps.size(), 20U);
  for (const auto& [id, since] : joined) {
    auto next = std::upper_bound(gaps.begin(), gaps.end(), since);
    const auto missed = static_cast<std::uint64_t>(gaps.end() - next);
    std::uint64_t events = 0;
    for (const std::string& payload : stage.received(id)) {
      if (payload == "gap") {
        ASSERT_NE(next, gaps.end()) << id;
        ++next;
        continue;
      }
      ++events;
      const std::uint64_t number = std::stoull(payload);
      ASSERT_TRUE(next == gaps.end() || number < *next) << "after the gap, without its frame";
      ASSERT_TRUE(next == gaps.begin() || number > *(next - 1)) << "before the gap, behind its frame";
    }
    EXPECT_EQ(next, gaps.end()) << id;
    EXPECT_EQ(events, number_ - since - missed);
  }
}

}  // namespace
}  // namespace carillon::fanout::testing
