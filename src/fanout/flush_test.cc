// One subscriber's gathered write: its bounds, its order, and where it may be cut.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "fanout/testing/stage.h"

namespace carillon::fanout::testing {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Le;

// Several frames of two logs and an outbox, cut at `first` and again at `second`, with a ping after each.
void cut_twice(std::size_t first, std::size_t second, std::string_view big) {
  Stage stage;
  const LogId a = stage.engine->add_log(kDisconnect);
  const LogId b = stage.engine->add_log(kDisconnect);
  stage.join(0, {a, b});
  stage.send(0, ping_frame("p0"));
  stage.append(a, "a0");
  stage.append(b, "b0");
  stage.append(a, big);
  stage.append(b, "b1");
  stage.host.at(0).capacity = first;
  stage.run();
  stage.send(0, ping_frame("p1"));
  stage.append(a, "a2");
  stage.run();
  stage.let_through(0, second);
  stage.run();
  stage.send(0, ping_frame("p2"));
  stage.let_through(0);
  stage.run();

  Payloads of_a, of_b, pings;
  for (const std::string& payload : stage.received(0)) {
    (payload[0] == '!' ? pings : payload[0] == 'b' ? of_b : of_a).push_back(payload);
  }
  const std::string where = "cut at " + std::to_string(first) + " and " + std::to_string(second);
  EXPECT_THAT(of_a, ElementsAre("a0", big, "a2")) << where;
  EXPECT_THAT(of_b, ElementsAre("b0", "b1")) << where;
  EXPECT_THAT(pings, ElementsAre("!p0", "!p1", "!p2")) << where;
  EXPECT_EQ(stage.engine->counters().sent_in_total().deliveries, 5U) << where;
  EXPECT_EQ(stage.engine->counters().retained_bytes, 0U) << where;
  EXPECT_EQ(stage.engine->counters().blocked, 0U) << where;
}

TEST(Flush, AShortWriteAtEveryByteLosesRepeatsAndMixesNothing) {
  const std::string big(20, 'x');
  for (std::size_t first = 0; first <= 50; ++first) {
    for (std::size_t second = 0; second <= 50; ++second) cut_twice(first, second, big);
  }
}

TEST(Flush, AShortWriteInsideALargeFrameKeepsItsRestByReferenceOrByCopy) {
  for (const std::size_t size : {1000U, 2000U, 16380U, 16384U, 20000U, 100000U}) {
    const std::string big(size, 'x');
    for (const std::size_t at : {9U, 20U, 1025U, 15000U, 19000U, 70000U}) {
      cut_twice(at, 3, big);
      cut_twice(at, 30000, big);
    }
  }
}

TEST(Flush, AHalfWrittenDeflatedFrameGoesOnAsItBegan) {
  const std::string text(2000, 'z');
  for (std::size_t at = 0; at < 40; ++at) {
    Stage stage;
    const LogId log = stage.engine->add_log(kDisconnect);
    stage.join(0, {log}, kDisconnect, Encoding::compressed);
    stage.join(1, {log}, kDisconnect, Encoding::compressed);
    stage.host.at(0).capacity = at;
    stage.append(log, text + "0");
    stage.append(log, text + "1");
    stage.run();
    stage.engine->remove_subscriber(1);  // and now there are too few for deflate
    stage.let_through(0);
    stage.run();
    EXPECT_THAT(stage.received(0), ElementsAre(text + "0", text + "1")) << at;
  }
}

TEST(Flush, FramesAreDeflatedFromTwoReadersUp) {
  Stage stage;
  const LogId log = stage.engine->add_log(kDisconnect);
  const std::string text(500, 'z');
  stage.join(0, {log}, kDisconnect, Encoding::compressed);
  stage.join(9, {log});
  stage.append(log, text);
  stage.run();
  EXPECT_EQ(stage.host.at(0).received.size(), wire_size(500));
  stage.join(1, {log}, kDisconnect, Encoding::compressed);
  stage.append(log, text);
  stage.run();
  EXPECT_LT(stage.host.at(1).received.size(), 100U);
  EXPECT_LT(stage.host.at(0).received.size(), wire_size(500) + 100U);
  EXPECT_EQ(stage.host.at(9).received.size(), 2 * wire_size(500));
}

TEST(Flush, ContiguousFramesLeaveAsOnePiece) {
  Stage stage;
  const LogId log = stage.engine->add_log(kDisconnect);
  stage.join(0, {log});
  for (int i = 0; i < 200; ++i) stage.append_shared(log, "event " + std::to_string(i));
  stage.run();
  EXPECT_THAT(stage.host.at(0).piece_counts, ElementsAre(1));
  EXPECT_EQ(stage.received(0).size(), 200U);
}

TEST(Flush, AVisitIsAtMost64PiecesAndThenTheOthersHaveTheirTurn) {
  static_assert(FanOut::kPiecesMax == 64);
  for (const int events : {63, 64, 65, 200}) {
    Stage stage;
    const LogId log = stage.engine->add_log(kDisconnect);
    stage.join(0, {log});
    stage.join(1, {log});
    for (int i = 0; i < events; ++i) stage.append(log, "event " + std::to_string(i));
    stage.run();
    EXPECT_THAT(stage.host.at(0).piece_counts, Each(Le(64)));
    EXPECT_EQ(stage.host.at(0).writes(), static_cast<std::size_t>(events + 63) / 64);
    EXPECT_EQ(stage.received(0).size(), static_cast<std::size_t>(events));
    EXPECT_NE(stage.host.order[0], stage.host.order[1]);
  }
}

TEST(Flush, AnOutboxIsPartOfThe64Pieces) {
  Stage stage;
  const LogId log = stage.engine->add_log(kDisconnect);
  stage.join(0, {log});
  for (int i = 0; i < 64; ++i) stage.append(log, "e");
  stage.send(0, ping_frame("p"));
  stage.run();
  EXPECT_THAT(stage.host.at(0).piece_counts, ElementsAre(64, 1));
}

TEST(Flush, AVisitIsAtMost64KiB) {
  static_assert(FanOut::kVisitBytesMax == 65536);
  for (const std::size_t size : {32767U, 32768U, 32769U}) {  // on the wire
    Stage stage;
    const LogId log = stage.engine->add_log(kDisconnect);
    stage.join(0, {log});
    stage.append(log, std::string(size - 4, 'x'));
    stage.append(log, std::string(size - 4, 'y'));
    stage.run();
    EXPECT_EQ(stage.host.at(0).writes(), size <= 32768 ? 1U : 2U);
    EXPECT_EQ(stage.received(0).size(), 2U);
  }
}

TEST(Flush, AFrameOfMoreThan64KiBGoesAlone) {
  Stage stage;
  const LogId log = stage.engine->add_log(kDisconnect);
  stage.join(0, {log});
  stage.append(log, "before");
  stage.append(log, std::string(200000, 'x'));
  stage.append(log, "after");
  stage.run();
  EXPECT_THAT(stage.host.at(0).asked, ElementsAre(wire_size(6), wire_size(200000), wire_size(5)));
}

TEST(Flush, TwoLogsOfOneConnectionAreEachInOrder) {
  Stage stage;
  const LogId a = stage.engine->add_log(kDisconnect);
  const LogId b = stage.engine->add_log(kDisconnect);
  stage.join(0, {a, b});
  for (int i = 0; i < 3; ++i) {
    stage.append(a, "a" + std::to_string(i));
    stage.append(b, "b" + std::to_string(i));
  }
  stage.run();
  EXPECT_THAT(stage.received(0), ElementsAre("a0", "a1", "a2", "b0", "b1", "b2"));
  EXPECT_EQ(stage.host.at(0).writes(), 1U);
}

TEST(Flush, A128LogsAndOneConnection) {
  Stage stage;
  std::vector<LogId> logs;
  for (int i = 0; i < 128; ++i) logs.push_back(stage.engine->add_log(kDisconnect));
  stage.join(0, logs);
  for (int round = 0; round < 3; ++round) {
    for (const LogId log : logs) stage.append(log, std::to_string(log) + "." + std::to_string(round));
  }
  stage.run();
  EXPECT_EQ(stage.received(0).size(), 384U);
  EXPECT_EQ(stage.host.at(0).writes(), 6U);
}

// A log that always has more than a visit takes.
TEST(Flush, ABusyLogDoesNotStarveTheOthersOfAConnection) {
  Stage stage({.bytes_max = 100'000'000});
  std::vector<LogId> logs;
  for (int i = 0; i < 8; ++i) logs.push_back(stage.engine->add_log(kDisconnect));
  stage.join(0, logs);
  stage.join(1, logs);  // turns are taken in step with another
  const auto keep_busy = [&] {
    for (int i = 0; i < 4; ++i) stage.append(logs[0], std::string(40000, 'x'));
  };
  keep_busy();
  for (std::size_t i = 1; i < logs.size(); ++i) stage.append(logs[i], "quiet");
  for (int visits = 0; visits < 8; ++visits) {
    keep_busy();
    stage.slice(2);
  }
  for (const SubscriberId id : {0U, 1U}) {
    const auto received = stage.received(id);
    EXPECT_EQ(std::count(received.begin(), received.end(), "quiet"), 7) << id;
  }
}

TEST(Flush, ABusyLogDoesNotStarveTheOthersOfASlowReaderEither) {
  Stage stage({.bytes_max = 100'000'000});
  const LogId busy = stage.engine->add_log(kDisconnect);
  const LogId quiet = stage.engine->add_log(kDisconnect);
  stage.join(0, {busy, quiet});
  stage.host.at(0).capacity = 500;
  stage.append(quiet, "quiet");
  for (int i = 0; i < 6; ++i) {
    stage.append(busy, std::string(1000, 'x'));
    stage.run();
    stage.let_through(0, 1000);
  }
  const auto received = stage.received(0);
  EXPECT_EQ(std::count(received.begin(), received.end(), "quiet"), 1);
}

// A host that encrypts takes all bytes and keeps what the kernel did not take.
TEST(Flush, TheOutboxCountsTheBytesThatTheHostHasNotTaken) {
  Stage stage;
  const LogId log = stage.engine->add_log(kDisconnect);
  stage.join(0, {log});
  EXPECT_EQ(stage.engine->outbox_bytes(0), 0U);
  const std::string ping = ping_frame("p");
  stage.host.at(0).capacity = 1;
  stage.send(0, ping);
  EXPECT_EQ(stage.engine->outbox_bytes(0), ping.size());
  stage.run();
  EXPECT_EQ(stage.engine->outbox_bytes(0), ping.size() - 1);
  stage.append(log, "an event is no part of it before it is half sent");
  EXPECT_EQ(stage.engine->outbox_bytes(0), ping.size() - 1);
  stage.let_through(0, ping.size() + 4);
  stage.run();
  EXPECT_GT(stage.engine->outbox_bytes(0), 0U) << "now it is";
  stage.let_through(0);
  stage.run();
  EXPECT_EQ(stage.engine->outbox_bytes(0), 0U);
}

TEST(Flush, AWriteThatTookEverythingButReportsBlockedIsBlocked) {
  Stage stage;
  const LogId log = stage.engine->add_log(kDisconnect);
  stage.join(0, {log});
  stage.host.at(0).holds_back = true;
  stage.append(log, "first");
  stage.run();
  EXPECT_THAT(stage.received(0), ElementsAre("first"));
  EXPECT_EQ(stage.engine->counters().blocked, 1U);
  EXPECT_EQ(stage.engine->counters().sent_in_total().deliveries, 1U);

  stage.append(log, "second");
  stage.send(0, ping_frame("p"));
  stage.finish(0);
  stage.run();
  EXPECT_EQ(stage.host.at(0).writes(), 1U) << "not before it is writable";
  EXPECT_TRUE(stage.verdicts().empty()) << "nor is it finished";

  stage.host.at(0).holds_back = false;
  stage.let_through(0);
  stage.run();
  EXPECT_THAT(stage.received(0), ElementsAre("first", "!p", "second", "X"));
  EXPECT_EQ(stage.engine->counters().blocked, 0U);
  EXPECT_EQ(stage.verdicts().size(), 1U);
}

// --- what is reported of some writes and appends ------------------------------------------------

TEST(Sampling, OneWriteIn64ReportsWhenItsOldestEventWasReceived) {
  Stage stage;
  const LogId log = stage.engine->add_log(kDisconnect);
  stage.join(0, {log});
  for (std::uint64_t i = 1; i <= 3 * FanOut::kWritesPerSample; ++i) {
    stage.pass(milliseconds(1));
    const std::uint32_t oldest = wrapping_tick(stage.now);
    stage.append(log, "a");
    stage.pass(milliseconds(1));
    stage.append(log, "b");
    const std::size_t before = stage.host.sampled.size();
    stage.run();
    if (i % FanOut::kWritesPerSample != 0) {
      EXPECT_EQ(stage.host.sampled.size(), before) << i;
    } else {
      ASSERT_EQ(stage.host.sampled.size(), before + 1) << i;
      EXPECT_EQ(stage.host.sampled.back(), oldest);
    }
  }
}

TEST(Sampling, AWriteWithoutAnEventOrThatWasCutReportsNothing) {
  Stage stage;
  const LogId log = stage.engine->add_log(kDisconnect);
  stage.join(0, {log});
  for (std::uint64_t i = 0; i < FanOut::kWritesPerSample; ++i) {
    stage.send(0, ping_frame("p"));
    stage.run();
  }
  EXPECT_EQ(stage.engine->counters().writes, FanOut::kWritesPerSample);
  for (std::uint64_t i = 1; i < FanOut::kWritesPerSample; ++i) {
    stage.append(log, "a");
    stage.run();
  }
  stage.host.at(0).capacity = 1;
  stage.append(log, "a");
  stage.run();
  EXPECT_EQ(stage.engine->counters().writes, 2 * FanOut::kWritesPerSample);
  EXPECT_TRUE(stage.host.sampled.empty());
}

TEST(Sampling, OneAppendIn16ReportsTheNumberOfSubscribers) {
  Stage stage;
  const LogId alone = stage.engine->add_log(kDisconnect);
  const LogId log = stage.engine->add_log(kDisconnect);
  for (SubscriberId id = 0; id < 5; ++id) stage.join(id, {log});
  for (std::uint64_t i = 0; i < 2 * FanOut::kAppendsPerSample; ++i) {
    stage.append(i < FanOut::kAppendsPerSample ? alone : log, "a");
  }
  EXPECT_THAT(stage.host.recipients, ElementsAre(0U, 5U));
}

TEST(Flush, WhatIsSentCountsByPolicy) {
  Stage stage;
  const LogId log = stage.engine->add_log(kDisconnect);
  stage.join(0, {log}, kDisconnect);
  stage.join(1, {log}, kSkip);
  stage.join(2, {log}, kSkip);
  stage.append(log, "one");
  stage.run();
  stage.send(1, ping_frame("p"));
  stage.run();
  const std::size_t event = wire_size(3);
  EXPECT_EQ(stage.engine->counters().sent[kDisconnect].deliveries, 1U);
  EXPECT_EQ(stage.engine->counters().sent[kDisconnect].bytes, event);
  EXPECT_EQ(stage.engine->counters().sent[kSkip].deliveries, 2U);
  EXPECT_EQ(stage.engine->counters().sent[kSkip].bytes, 2 * event + ping_frame("p").size());
  EXPECT_EQ(stage.engine->counters().sent_in_total().deliveries, 3U);
  EXPECT_EQ(stage.engine->counters().sent_in_total().bytes, 3 * event + ping_frame("p").size());
}

}  // namespace
}  // namespace carillon::fanout::testing
