#include "history/store.h"

#include <gtest/gtest.h>

#include "base/testing/allocation_ceiling.h"
#include "history/testing/stage.h"

namespace carillon::history::testing {
namespace {

using Appended = Store::Appended;

TEST(HistoryStore, GivesTheEventsAfterAPositionInOrder) {
  Stage stage({rule("*")});
  for (const std::uint64_t number : {2U, 3U, 5U, 8U})
    EXPECT_EQ(stage.append("a", number), Appended::appended);
  EXPECT_EQ(stage.after("a", 0), "2 3 5 8");
  EXPECT_EQ(stage.after("a", 1), "2 3 5 8");
  EXPECT_EQ(stage.after("a", 2), "3 5 8");
  EXPECT_EQ(stage.after("a", 4), "5 8");
  EXPECT_EQ(stage.after("a", 7), "8");
  EXPECT_EQ(stage.after("a", 8), "");
}

TEST(HistoryStore, AReadingIsWhatWasSentLive) {
  Stage stage({rule("*")});
  stage.append("a", 1, 9);
  const auto reading = stage.store.after("a", {0, kAllTags, kEverything}, stage.now);
  ASSERT_EQ(reading->size(), 1U);
  EXPECT_EQ(reading->front()->frame(), stage.frame);
  EXPECT_EQ(reading->front()->payload(), stage.frame.substr(2));
  EXPECT_EQ(reading->front()->body(), stage.frame.substr(2));
  EXPECT_EQ(reading->front()->tag(), 9);
  EXPECT_EQ(reading->front()->received(), stage.now);
}

TEST(HistoryStore, ChannelsAreApart) {
  Stage stage({rule("*")});
  stage.append("a", 1);
  stage.append("b", 2);
  stage.append("a", 3);
  EXPECT_EQ(stage.after("a", 0), "1 3");
  EXPECT_EQ(stage.after("b", 0), "2");
  EXPECT_EQ(stage.after("c", 0), "") << "nothing was ever evicted";
}

TEST(HistoryStore, APositionAheadOfTheNewestEventIsRecoveredWithoutEvents) {
  Stage stage({rule("*")});
  stage.append("a", 1);
  EXPECT_EQ(stage.after("a", 2), "");
  EXPECT_EQ(stage.after("a", kUnlimited), "");
  EXPECT_EQ(stage.after("never seen", kUnlimited), "");
}

TEST(HistoryStore, AChannelFollowsTheFirstRuleThatMatches) {
  Stage stage({rule("orders.vip", 1), rule("orders.*", 2), rule("news", 3)});
  std::uint64_t number = 0;
  for (const char* channel : {"orders.vip", "orders.1", "news"}) {
    for (int i = 0; i < 4; ++i) stage.append(channel, ++number);
  }
  EXPECT_EQ(stage.last("orders.vip", 10), "4");
  EXPECT_EQ(stage.last("orders.1", 10), "7 8");
  EXPECT_EQ(stage.last("news", 10), "10 11 12");
}

TEST(HistoryStore, AChannelWithoutARuleIsNotRetained) {
  Stage stage({rule("orders.*")});
  EXPECT_EQ(stage.append("news", 1), Appended::no_rule);
  EXPECT_EQ(stage.after("news", 0), "no_history");
  EXPECT_EQ(stage.after("news", kUnlimited), "no_history");
  EXPECT_EQ(stage.last("news", 1), "no_history");
  EXPECT_EQ(stage.store.floor("news"), std::nullopt);
  EXPECT_EQ(stage.events(), 0U);
  Stage without({});
  EXPECT_EQ(without.append("a", 1), Appended::no_rule);
}

TEST(HistoryStore, ANameFromAClientMayBeAnyBytes) {
  Stage stage({rule("*")});
  stage.append("a", 1);
  EXPECT_EQ(stage.after(std::string(255, 'n'), 0), "");
  EXPECT_EQ(stage.after(std::string(256, 'n'), 0), "no_history");
  EXPECT_EQ(stage.after(std::string(1'000'000, '\xff'), 0), "no_history");
  EXPECT_EQ(stage.after(std::string("a\0", 2), 0), "");
  EXPECT_EQ(stage.append(std::string(255, 'n'), 2), Appended::appended);
  EXPECT_EQ(stage.append(std::string(256, 'n'), 3), Appended::no_rule);
}

TEST(HistoryStore, AnEndpointWithoutChannelsUsesTheEmptyNameAndTags) {
  Stage stage({rule("*", 4)});
  for (Tag tag = 0; tag < 4; ++tag) stage.append("", tag + 1U, tag);
  EXPECT_EQ(stage.after("", 0, mask_of(1) | mask_of(3)), "2 4");
  EXPECT_EQ(stage.after("", 2, mask_of(1)), "");
  EXPECT_EQ(stage.after("", 0, 0), "");
  EXPECT_EQ(stage.last("", 1, mask_of(2)), "3");
  stage.append("", 5, 63);
  EXPECT_EQ(stage.after("", 0, mask_of(63)), "evicted") << "a floor is of all tags";
  EXPECT_EQ(stage.after("", 1, mask_of(63)), "5");
}

TEST(HistoryStore, ANumberThatDoesNotAscendIsRefusedAndCounted) {
  Stage stage({rule("a"), rule("b")});
  EXPECT_EQ(stage.append("a", 0), Appended::out_of_order) << "numbers begin at 1";
  EXPECT_EQ(stage.append("a", 5), Appended::appended);
  EXPECT_EQ(stage.append("a", 5), Appended::out_of_order);
  EXPECT_EQ(stage.append("b", 4), Appended::out_of_order);
  stage.store.raise_floor(7);
  EXPECT_EQ(stage.append("b", 7), Appended::out_of_order);
  EXPECT_EQ(stage.append("b", 8), Appended::appended);
  EXPECT_EQ(stage.append("b", kUnlimited), Appended::appended);
  EXPECT_EQ(stage.append("b", kUnlimited), Appended::out_of_order);
  EXPECT_EQ(stage.budget.counters().out_of_order.get(), 5U);
}

TEST(HistoryStore, AnEventThatIsRefusedBecauseOfItsNumberIsAGap) {
  Stage stage({rule("a"), rule("b")});
  stage.append("a", 5);
  EXPECT_EQ(stage.append("unretained", 3), Appended::no_rule) << "it is missing in no reading";
  EXPECT_EQ(stage.after("a", 4), "5");
  EXPECT_EQ(stage.append("b", 3), Appended::out_of_order);
  EXPECT_EQ(stage.after("b", 2), "gap");
  EXPECT_EQ(stage.after("a", 4), "gap");
  EXPECT_EQ(stage.after("b", 5), "");
}

TEST(HistoryLimits, EventsOfAChannel) {
  Stage stage({rule("*", 3)});
  stage.append("a", 1);
  stage.append("a", 2);
  EXPECT_EQ(stage.after("a", 0), "1 2");
  stage.append("a", 3);
  EXPECT_EQ(stage.after("a", 0), "1 2 3");
  stage.append("a", 4);
  EXPECT_EQ(stage.after("a", 0), "evicted");
  EXPECT_EQ(stage.after("a", 1), "2 3 4");
  EXPECT_EQ(stage.floor("a"), 1U);
  EXPECT_EQ(stage.floor("b"), 0U) << "other channels have lost nothing";
  EXPECT_EQ(stage.evicted(Eviction::count), 1U);
}

TEST(HistoryLimits, BytesOfAChannel) {
  for (const std::uint64_t bytes : {3 * kRecord - 1, 3 * kRecord, 3 * kRecord + 1}) {
    Stage stage({rule("*", kMany, seconds(1), bytes)});
    for (std::uint64_t number = 1; number <= 3; ++number) stage.append("a", number);
    EXPECT_EQ(stage.after("a", 0), bytes < 3 * kRecord ? "evicted" : "1 2 3") << bytes;
    EXPECT_EQ(stage.floor("a"), bytes < 3 * kRecord ? 1U : 0U);
    EXPECT_EQ(stage.evicted(Eviction::bytes), stage.floor("a"));
  }
}

TEST(HistoryLimits, AnEventLargerThanItsRuleAllowsRaisesTheFloorToItsOwnNumber) {
  Stage stage({rule("*", kMany, seconds(1), kRecord - 1)});
  EXPECT_EQ(stage.append("a", 1), Appended::appended);
  EXPECT_EQ(stage.after("a", 0), "evicted");
  EXPECT_EQ(stage.after("a", 1), "");
  EXPECT_EQ(stage.channels(), 0U);
  EXPECT_EQ(stage.bytes(), 0U);
}

TEST(HistoryLimits, TheAgeIsEnforcedByReadingsBeforeAnythingIsEvicted) {
  Stage stage({rule("*", kMany, milliseconds(1000))});
  stage.append("a", 1);
  stage.now = at(500);
  stage.append("a", 2);
  for (const std::int64_t ms : {999, 1000}) {
    stage.now = at(ms);
    EXPECT_EQ(stage.after("a", 0), "1 2") << ms;
    EXPECT_EQ(stage.last("a", 9), "1 2") << ms;
  }
  stage.now = at(1001);
  EXPECT_EQ(stage.after("a", 0), "evicted");
  EXPECT_EQ(stage.after("a", 1), "2");
  EXPECT_EQ(stage.last("a", 9), "2");
  EXPECT_EQ(stage.events(), 2U);
}

TEST(HistoryLimits, TheAgeIsEnforcedByExpire) {
  for (const std::int64_t ms : {999, 1000, 1001}) {
    Stage stage({rule("*", kMany, milliseconds(1000))});
    stage.append("a", 1);
    stage.now = at(ms);
    stage.store.expire(stage.now);
    EXPECT_EQ(stage.events(), ms > 1000 ? 0U : 1U) << ms;
    EXPECT_EQ(stage.evicted(Eviction::age), ms > 1000 ? 1U : 0U);
    EXPECT_EQ(stage.floor("a"), ms > 1000 ? 1U : 0U);
  }
}

TEST(HistoryLimits, AnAppendEvictsAFewEventsThatAreTooOld) {
  Stage stage({rule("*", kMany, milliseconds(1000))});
  for (std::uint64_t number = 1; number <= Store::kExpiredPerAppend + 2; ++number) stage.append("a", number);
  stage.now = at(1001);
  stage.append("a", 100);
  EXPECT_EQ(stage.events(), 3U);
  EXPECT_EQ(stage.floor("a"), Store::kExpiredPerAppend);
  EXPECT_EQ(stage.after("a", Store::kExpiredPerAppend), "evicted") << "two that are too old are left";
  stage.append("a", 101);
  EXPECT_EQ(stage.events(), 2U);
  EXPECT_EQ(stage.last("a", 9), "100 101");
}

TEST(HistoryLimits, AWallClockThatStepsBackEvictsNothing) {
  Stage stage({rule("*", kMany, milliseconds(1000))});
  stage.append("a", 1);
  stage.now = at(-3'600'000);
  stage.append("a", 2);
  stage.store.expire(stage.now);
  EXPECT_EQ(stage.after("a", 0), "1 2");
}

TEST(HistoryLimits, ExpireVisitsABoundedNumberOfChannelsAndContinues) {
  constexpr std::uint32_t kChannels = 3 * Store::kBucketsPerExpire;
  Stage stage({rule("*", kMany, milliseconds(1))});
  for (std::uint64_t number = 1; number <= kChannels; ++number) stage.append(std::to_string(number), number);
  stage.now = at(2);
  for (int round = 1; round <= 3; ++round) {
    const std::uint64_t before = stage.events();
    stage.store.expire(stage.now);
    EXPECT_LT(stage.events(), before);
    EXPECT_EQ(stage.events() == 0, round == 3);
  }
  EXPECT_EQ(stage.bytes(), 0U);
}

TEST(HistoryLimits, ExpireEvictsABoundedNumberOfEventsAndContinues) {
  Stage stage({rule("*", kMany, milliseconds(1))});
  for (std::uint64_t number = 1; number <= Store::kExpiredPerCall + 1; ++number) stage.append("a", number);
  stage.now = at(2);
  stage.store.expire(stage.now);
  EXPECT_EQ(stage.events(), 1U);
  stage.store.expire(stage.now);
  EXPECT_EQ(stage.events(), 0U);
  stage.store.expire(stage.now);
}

TEST(HistoryLimits, EventsAndBytesOfAReading) {
  Stage stage({rule("*")});
  for (std::uint64_t number = 1; number <= 3; ++number) stage.append("a", number, 1);
  stage.append("a", 4, 2);  // not asked for, so it does not count
  const auto read = [&](const ReadingLimits& limits) {
    return shown(stage.store.after("a", {0, mask_of(1), limits}, stage.now));
  };
  EXPECT_EQ(read({2, kUnlimited}), "too_many");
  EXPECT_EQ(read({3, kUnlimited}), "1 2 3");
  EXPECT_EQ(read({4, kUnlimited}), "1 2 3");
  const std::uint64_t bytes = 3 * stage.frame.size();
  EXPECT_EQ(read({9, bytes - 1}), "too_many");
  EXPECT_EQ(read({9, bytes}), "1 2 3");
  EXPECT_EQ(read({9, bytes + 1}), "1 2 3");
  EXPECT_EQ(read({0, 0}), "too_many");
  EXPECT_EQ(shown(stage.store.after("a", {4, kAllTags, {0, 0}}, stage.now)), "") << "nothing follows";
}

TEST(HistoryStore, LastGivesTheNewestEventsInOrder) {
  Stage stage({rule("*")});
  for (std::uint64_t number = 1; number <= 3; ++number) stage.append("a", number);
  EXPECT_EQ(stage.last("a", 0), "");
  EXPECT_EQ(stage.last("a", 2), "2 3");
  EXPECT_EQ(stage.last("a", 3), "1 2 3");
  EXPECT_EQ(stage.last("a", 4), "1 2 3");
  EXPECT_EQ(stage.last("b", 4), "");
}

TEST(HistoryFloors, AChannelWithoutRecordsIsDroppedAndItsFloorBecomesTheStores) {
  Stage stage({rule("short*", kMany, milliseconds(10)), rule("*")});
  stage.append("short", 1);
  stage.append("long", 2);
  stage.append("short2", 3);
  stage.now = at(11);
  stage.store.expire(stage.now);
  EXPECT_EQ(stage.channels(), 1U);
  EXPECT_EQ(stage.floor("short"), 3U);
  EXPECT_EQ(stage.floor("never seen"), 3U);
  EXPECT_EQ(stage.after("never seen", 2), "evicted");
  EXPECT_EQ(stage.after("never seen", 3), "");
  EXPECT_EQ(stage.after("long", 0), "2") << "it is known, and has lost nothing";
  stage.append("never seen", 4);
  EXPECT_EQ(stage.after("never seen", 2), "evicted") << "it could have been a channel that was dropped";
  EXPECT_EQ(stage.after("never seen", 3), "4");
}

TEST(HistoryFloors, AGapRaisesTheFloorOfAllChannels) {
  Stage stage({rule("*")});
  stage.append("a", 1);
  stage.append("b", 2);
  stage.store.raise_floor(5);
  for (const char* channel : {"a", "b", "never seen"}) {
    EXPECT_EQ(stage.after(channel, 0), "gap");
    EXPECT_EQ(stage.after(channel, 4), "gap");
    EXPECT_EQ(stage.after(channel, 5), "");
    EXPECT_EQ(stage.floor(channel), 5U);
    EXPECT_EQ(stage.last(channel, 9), "") << "what is before the gap is not next to what is after it";
  }
  stage.append("a", 6);
  EXPECT_EQ(stage.after("a", 4), "gap");
  EXPECT_EQ(stage.after("a", 5), "6");
  EXPECT_EQ(stage.last("a", 9), "6");
  stage.store.raise_floor(3);
  EXPECT_EQ(stage.floor("a"), 5U) << "floors never fall";
  EXPECT_EQ(stage.budget.counters().store_floors_raised.get(), 1U);
}

TEST(HistoryFloors, AnEventThatNoMemoryIsLeftForRaisesTheFloor) {
  Stage stage({rule("*")});
  stage.append("a", 1);
  stage.append("b", 2);
  {
    const carillon::testing::AllocationCeiling ceiling(8);
    EXPECT_EQ(stage.append("a", 3), Appended::no_memory);
    EXPECT_EQ(stage.append("c", 4), Appended::no_memory);
  }
  EXPECT_EQ(stage.after("a", 1), "evicted");
  EXPECT_EQ(stage.after("a", 3), "evicted") << "the floor of what was dropped is of the whole store";
  EXPECT_EQ(stage.after("a", 4), "");
  EXPECT_EQ(stage.after("c", 3), "evicted");
  EXPECT_EQ(stage.after("b", 0), "2");
  EXPECT_EQ(stage.evicted(Eviction::memory), 1U);
  EXPECT_EQ(stage.append("c", 5), Appended::appended);
  EXPECT_EQ(stage.after("c", 4), "5");
}

}  // namespace
}  // namespace carillon::history::testing
