// What a slow subscriber is told of the events that it is not sent, and lag.policy = "latest".
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "fanout/testing/lag_stage.h"

namespace carillon::fanout::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using What = Verdict::What;

// The number of the last event before the gap, where the first write takes `taken` bytes of events of 10.
std::uint64_t before_gap_after(std::size_t taken) {
  Stage stage({.bytes_max = 30});
  const LogId log = stage.engine->add_log(kSkip);
  const LogId other = stage.engine->add_log(kSkip);
  stage.join(0, {other, log}, kSkip);
  stage.host.at(0).capacity = taken;
  for (std::uint64_t number = 1; number <= 20; ++number) {
    const auto frame = stage.arena.make_own(std::string(8, 'x'), {stage.now, number});
    stage.engine->append(log, frame, stage.now);
    stage.run();
  }
  stage.let_through(0, 3);  // the gap waits for the rest of the event
  stage.run();
  stage.let_through(0);
  stage.run();
  EXPECT_EQ(stage.engine->counters().gaps_sent, 1U);
  return stage.host.last_gap.before;
}

class Latest : public ::testing::Test {
 protected:
  void append(LogId to, std::size_t size = 8) {
    const std::uint64_t number = ++number_;
    std::string text = std::to_string(number);
    text.resize(size, '.');
    stage.engine->append(to, stage.arena.make_own(text, {stage.now, number}), stage.now);
    stage.run();
  }
  static std::string text_of(std::uint64_t number, std::size_t size = 8) {
    std::string text = std::to_string(number);
    text.resize(size, '.');
    return text;
  }
  std::string gap_of(LogId of, std::uint32_t count) {
    return "gap " + std::to_string(of) + " " + std::to_string(count);
  }

  Stage stage{{.bytes_max = 30}};
  LogId log = stage.engine->add_log(kLatest);
  LogId other = stage.engine->add_log(kLatest);
  std::uint64_t number_ = 0;
};

TEST_F(Latest, OfEachLogThatIsTooFarBehindTheNewestEventIsSent) {
  stage.join(0, {log, other}, kLatest);
  stage.block(0);
  for (int i = 0; i < 10; ++i) append(log);  // events 1 to 10
  append(other);                             // is not too far behind
  append(other);
  EXPECT_LE(stage.engine->counters().retained_bytes, 50U);
  stage.let_through(0);
  stage.run();
  EXPECT_EQ(stage.received(0), (Payloads{gap_of(log, 9), text_of(10), text_of(11), text_of(12)}));
  EXPECT_EQ(stage.host.last_gap.after, 10U);
  EXPECT_EQ(stage.engine->counters().events_skipped, 9U);
  EXPECT_EQ(stage.engine->counters().gaps_sent, 1U);
  EXPECT_EQ(stage.verdicts().size(), 0U);
  append(log);
  EXPECT_EQ(stage.received(0).back(), text_of(13));
}

TEST_F(Latest, AClientUpToTheLimitBehindMissesNothing) {
  for (const int events : {2, 3, 4}) {  // of 10 bytes, before, at and over bytes_max
    const auto id = static_cast<SubscriberId>(events);
    stage.join(id, {log}, kLatest);
    stage.block(id);
    for (int i = 0; i < events; ++i) append(log);
    stage.let_through(id);
    stage.run();
    EXPECT_EQ(stage.received(id).size(), events <= 3 ? static_cast<std::size_t>(events) : 2U) << events;
    EXPECT_EQ(stage.received(id).back(), text_of(number_));
    stage.engine->remove_subscriber(id);
  }
}

TEST_F(Latest, WithoutAGapFrameEventsAreSkippedAndCounted) {
  stage.host.sends_gaps = false;
  stage.join(0, {log}, kLatest);
  stage.block(0);
  for (int i = 0; i < 10; ++i) append(log);
  stage.let_through(0);
  stage.run();
  EXPECT_EQ(stage.received(0), (Payloads{text_of(10)}));
  EXPECT_EQ(stage.engine->counters().events_skipped, 9U);
  EXPECT_EQ(stage.engine->counters().gaps_sent, 0U);
}

TEST_F(Latest, AnEventLargerThanTheLimitIsKept) {
  stage.join(0, {log}, kLatest);
  stage.block(0);
  append(log, 100);
  append(log, 100);
  EXPECT_EQ(stage.engine->counters().retained_bytes, wire_size(100));
  stage.let_through(0);
  stage.run();
  EXPECT_EQ(stage.received(0), (Payloads{gap_of(log, 1), text_of(2, 100)}));
}

TEST_F(Latest, AThousandSlowClientsCostAsMuchMemoryAsOne) {
  for (SubscriberId id = 0; id < 1000; ++id) {
    stage.join(id, {log}, kLatest);
    stage.block(id);
  }
  for (int i = 0; i < 100; ++i) append(log);
  EXPECT_LE(stage.engine->counters().retained_bytes, 30U);
  for (SubscriberId id = 0; id < 1000; ++id) EXPECT_EQ(stage.engine->outbox_bytes(id), 0U);
}

TEST(LagGaps, TheLastEventBeforeAGapIsKnownWhereAShortWriteCutIt) {
  EXPECT_EQ(before_gap_after(29), 3U);
  EXPECT_EQ(before_gap_after(30), 0U) << "the third event left as a whole";
  EXPECT_EQ(before_gap_after(31), 4U);
}

}  // namespace
}  // namespace carillon::fanout::testing
