// What is kept for subscribers that are behind, and what happens when the budget of all events is exhausted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fanout/testing/lag_stage.h"

namespace carillon::fanout::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using What = Verdict::What;
using Backlog = Lag;

// --- the budget of all events -----------------------------------------------------------------------

TEST_F(Backlog, OverTheBudgetOnlyTheFurthestBehindIsClosed) {
  open({}, {.memory_max = 100'000});
  const LogId other = stage->engine->add_log(kDisconnect);
  stage->join(2, {other});
  stage->block(0);
  stage->block(2);
  for (int i = 0; i < 6; ++i) append(10'000);
  for (int i = 0; i < 3; ++i) stage->append(other, std::string(10'000, 'y'));
  stage->run();
  EXPECT_THAT(stage->verdicts(), IsEmpty());
  stage->append(other, std::string(10'000, 'y'));
  EXPECT_THAT(stage->verdicts(), ElementsAre(Pair(0, What::slow_by_memory)));
  EXPECT_EQ(stage->engine->events_of(log).size(), 0U) << "what only it needed is free";
  EXPECT_EQ(stage->engine->events_of(other).size(), 4U);
  EXPECT_EQ(stage->engine->counters().slow_by_memory, 1U);
  EXPECT_EQ(stage->engine->counters().overruns, 0U);
  stage->let_through(2);
  stage->run();
  EXPECT_EQ(stage->received(2).size(), 4U);
}

TEST_F(Backlog, OverTheBudgetWithoutABacklogTheGrowingLogDropsItsOldestEvents) {
  for (const int off : {-1, 0, 1}) {
    open({}, {.memory_max = 30'000});
    append(9'998);  // 10,000 with its header of 4 bytes
    append(9'998);
    append(static_cast<std::size_t>(std::int64_t{9'998} + off));  // and no slice in between
    EXPECT_LE(stage->engine->counters().retained_bytes, 30'000U);
    stage->run();
    EXPECT_EQ(stage->verdicts().size(), off > 0 ? 2U : 0U);
    EXPECT_EQ(stage->engine->counters().overruns, off > 0 ? 2U : 0U);
  }
}

// The memory is another shard's: closing a client here would free nothing.
TEST_F(Backlog, ASlightlyLaggingClientIsNotClosedForAnotherShardsMemory) {
  for (const std::uint32_t limit : {5'000U, 20'000U}) {
    open({.bytes_max = limit}, {.memory_max = 1'000'000});
    stage->memory.add(2'000'000);
    stage->block(0);
    append(10'000);
    stage->run();
    EXPECT_EQ(look().size(), limit < 10'000 ? 1U : 0U);
    EXPECT_EQ(stage->received(1).size(), 1U);
    stage->memory.subtract(2'000'000);
  }
}

TEST_F(Backlog, WhenMemoryIsShortTheFurthestBehindCanBeShedAtAnyTime) {
  open({});
  EXPECT_FALSE(stage->engine->shed_furthest_behind(stage->now));
  stage->memory.add(std::uint64_t{1} << 20);
  stage->block(0);
  for (int i = 0; i < 200; ++i) append(10'000);
  stage->run();
  EXPECT_TRUE(stage->engine->shed_furthest_behind(stage->now));
  EXPECT_THAT(stage->verdicts(), ElementsAre(Pair(0, What::slow_by_memory)));
  EXPECT_FALSE(stage->engine->shed_furthest_behind(stage->now));
}

TEST_F(Backlog, MemoryIsCountedWhereItIsAllocated) {
  open({});
  stage->block(0);
  for (int i = 0; i < 10'000; ++i) append(100);
  const std::uint64_t at_least = 10'000 * (100 + sizeof(LogEntry) + sizeof(Frame));
  EXPECT_GE(stage->memory.bytes(), at_least);
  EXPECT_LE(stage->memory.bytes(), 2 * at_least);
  stage->run();
  stage->engine->remove_subscriber(0);
  EXPECT_EQ(stage->memory.bytes(), 0U);
}

// --- what is kept -----------------------------------------------------------------------------------

TEST_F(Backlog, EventsAlreadySentToALaggingClientAreNotRetained) {
  open({});
  for (int i = 0; i < 5; ++i) append(100), stage->run();
  stage->block(0);
  for (int i = 0; i < 3; ++i) append(100), stage->run();
  EXPECT_EQ(stage->engine->events_of(log).size(), 3U);
  stage->let_through(0, 200);
  stage->run();
  look();
  EXPECT_EQ(stage->engine->events_of(log).size(), 1U);
}

// Some subscriber is always behind, though none for long: the log must not keep what all have received.
TEST_F(Backlog, ALogWhoseReadersTakeTurnsInBeingBehindIsTrimmed) {
  open({});
  for (int i = 0; i < 100; ++i) {
    const SubscriberId behind = i % 2 == 0 ? 0 : 1;
    stage->block(behind);
    for (int event = 0; event < 10; ++event) append(100);
    stage->run();
    stage->let_through(1 - behind);
    stage->run();
    stage->pass(milliseconds(100));
    EXPECT_THAT(look(), IsEmpty());
    ASSERT_LE(stage->engine->events_of(log).size(), 20U) << i;
  }
}

}  // namespace
}  // namespace carillon::fanout::testing
