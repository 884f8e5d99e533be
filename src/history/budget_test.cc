#include "history/budget.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <string>
#include <vector>

#include "history/testing/stage.h"

namespace carillon::history::testing {
namespace {

TEST(HistoryBudget, CountsRecordsAndChannels) {
  Stage stage({rule("*", 2)});
  stage.append("a", 1);
  EXPECT_EQ(stage.bytes(), kChannel + kRecord);
  stage.append("a", 2);
  EXPECT_EQ(stage.bytes(), kChannel + 2 * kRecord);
  stage.append("a", 3);
  EXPECT_EQ(stage.bytes(), kChannel + 2 * kRecord);
  stage.append("b", 4);
  EXPECT_EQ(stage.bytes(), 2 * kChannel + 3 * kRecord);
  EXPECT_EQ(stage.events(), 3U);
  EXPECT_EQ(stage.channels(), 2U);
}

TEST(HistoryBudget, BytesOfTheProcess) {
  const std::uint64_t full = 2 * kChannel + 3 * kRecord;
  for (const std::uint64_t bytes_max : {full - 1, full, full + 1}) {
    Stage stage({rule("*")}, {bytes_max, 10});
    stage.append("a", 1);
    stage.append("b", 2);
    stage.append("a", 3);
    const bool is_over = bytes_max < full;
    EXPECT_EQ(stage.after("a", 0), is_over ? "evicted" : "1 3") << bytes_max;
    EXPECT_EQ(stage.after("a", 1), "3");
    EXPECT_EQ(stage.after("b", 0), "2");
    EXPECT_EQ(stage.evicted(Eviction::budget), is_over ? 1U : 0U);
    EXPECT_LE(stage.bytes(), bytes_max);
  }
}

TEST(HistoryBudget, EvictsTheOldestEventOfAllStores) {
  Budget budget({4 * (kRecord + kChannel), 10});
  Store first(budget, {rule("*")}, kKey);
  Store second(budget, {rule("*")}, kKey);
  const Stage maker({});
  maker.append_to(second, "a", 1);
  maker.append_to(first, "a", 1);
  maker.append_to(first, "b", 2);
  maker.append_to(second, "b", 3);
  const auto floors = [&] {
    return std::vector<std::uint64_t>{*first.floor("a"), *second.floor("a"), *first.floor("b"),
                                      *second.floor("b")};
  };
  EXPECT_EQ(floors(), (std::vector<std::uint64_t>{0, 0, 0, 0}));
  maker.append_to(first, "c", 4);
  EXPECT_EQ(first.floor("a"), 1U) << "of two equal numbers that of the store that was made first";
  EXPECT_EQ(second.floor("a"), 0U);
  maker.append_to(first, "d", 5);
  EXPECT_EQ(second.floor("a"), 1U);
  maker.append_to(first, "e", 6);
  EXPECT_EQ(first.floor("b"), 2U);
  EXPECT_EQ(second.floor("b"), 0U);
  EXPECT_EQ(second.floor("never seen"), 1U);
  maker.append_to(first, "f", 7);
  EXPECT_EQ(second.floor("b"), 3U);
  EXPECT_EQ(budget.counters().channels.get(), 4U);
}

TEST(HistoryBudget, AnEventLargerThanTheBudgetEvictsEverythingAndItself) {
  Stage stage({rule("*")}, {kChannel + kRecord - 1, 10});
  stage.append("a", 1);
  EXPECT_EQ(stage.after("a", 0), "evicted");
  EXPECT_EQ(stage.after("a", 1), "");
  EXPECT_EQ(stage.bytes(), 0U);
  EXPECT_EQ(stage.evicted(Eviction::budget), 1U);
}

TEST(HistoryBudget, ChannelsOfTheProcess) {
  Stage stage({rule("*")}, {kUnlimited, 3});
  stage.append("a", 1);
  stage.append("b", 2);
  EXPECT_EQ(stage.channels(), 2U);
  stage.append("c", 3);
  EXPECT_EQ(stage.channels(), 3U);
  EXPECT_EQ(stage.evicted(Eviction::channels), 0U);
  stage.append("a", 4);
  stage.append("d", 5);
  EXPECT_EQ(stage.channels(), 3U);
  EXPECT_EQ(stage.evicted(Eviction::channels), 1U);
  EXPECT_EQ(stage.after("b", 0), "evicted") << "it has had no event for the longest time";
  EXPECT_EQ(stage.after("b", 2), "");
  EXPECT_EQ(stage.after("a", 0), "1 4") << "it has the oldest event, and a new one";
  EXPECT_EQ(stage.after("d", 1), "evicted");
  EXPECT_EQ(stage.after("d", 2), "5");
}

TEST(HistoryBudget, AllEventsOfAnEvictedChannelGo) {
  Stage stage({rule("*")}, {kUnlimited, 1});
  for (std::uint64_t number = 1; number <= 5; ++number) stage.append("a", number);
  stage.append("b", 6);
  EXPECT_EQ(stage.evicted(Eviction::channels), 5U);
  EXPECT_EQ(stage.floor("a"), 5U);
  EXPECT_EQ(stage.bytes(), kChannel + kRecord);
}

TEST(HistoryBudget, AStoreThatEndsGivesItsShareBack) {
  Budget budget({kUnlimited, 10});
  const Stage maker({});
  Store stays(budget, {rule("*")}, kKey);
  {
    Store ends(budget, {rule("*")}, kKey);
    maker.append_to(ends, "a", 1);
    maker.append_to(stays, "a", 2);
    maker.append_to(ends, "a", 3);
    maker.append_to(ends, "b", 4);
    EXPECT_EQ(budget.counters().events.get(), 4U);
  }
  EXPECT_EQ(budget.counters().events.get(), 1U);
  EXPECT_EQ(budget.counters().channels.get(), 1U);
  EXPECT_EQ(budget.counters().bytes.get(), kChannel + kRecord);
  EXPECT_EQ(shown(stays.after("a", {0, kAllTags, kEverything}, at(0))), "2");
}

TEST(HistoryBudget, ARecordThatAReaderHoldsOutlivesStoreAndBudget) {
  Records held;
  {
    Stage stage({rule("*")});
    stage.append("a", 1);
    held = *stage.store.after("a", {0, kAllTags, kEverything}, stage.now);
  }
  EXPECT_EQ(held.front()->number(), 1U);
  EXPECT_EQ(held.front()->payload(), "{\"a\":\"bcdefghijklmno\"}");
}

TEST(HistoryBudget, FindsEveryChannelWhileTheyComeAndGo) {
  constexpr std::uint64_t kChannels = 500;
  Stage stage({rule("*", 2)}, {kUnlimited, kChannels});
  const auto name = [](std::uint64_t number) { return "channel " + std::to_string(number); };
  for (std::uint64_t number = 1; number <= 3 * kChannels; ++number) {
    stage.append(name(number), number);
    if (number % 50 != 0) continue;
    for (std::uint64_t each = 1; each <= number; ++each) {
      const bool is_there = each + kChannels > number;
      ASSERT_EQ(stage.last(name(each), 1), is_there ? std::to_string(each) : "") << number;
    }
  }
  EXPECT_EQ(stage.channels(), kChannels);
}

TEST(HistoryMemory, TenEventsOf256BytesInEachOfTenThousandChannelsCostAtMost320BytesEach) {
  constexpr std::uint64_t kChannels = 10'000;
  constexpr std::uint64_t kEvents = 10 * kChannels;
  Stage stage({rule("*", 10)}, {kUnlimited, kChannels});
  std::string frame("\x81\x7e\x00\xfc", 4);
  frame += "{\"text\":\"" + std::string(241, 'x') + "\"}";
  ASSERT_EQ(frame.size(), 256U);
  const std::size_t before = ::mallinfo2().uordblks;
  for (std::uint64_t number = 1; number <= kEvents; ++number) {
    const std::string channel = "conversation:" + std::to_string(1'000'000 + number % kChannels);  // 20 bytes
    stage.store.append(channel, {number, 0, at(0), frame, 4, std::string_view(frame).substr(4)});
  }
  [[maybe_unused]] const std::size_t grown = ::mallinfo2().uordblks - before;
  EXPECT_EQ(stage.events(), kEvents);
  EXPECT_LE(stage.bytes(), 320 * kEvents);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // The two arrays are mapped and not on the heap. The rest is what malloc says, but for blocks that it had
  // free before and those of which it could not split the rest off.
  const auto counted = static_cast<double>(stage.bytes() - 24 * kChannels);
  EXPECT_NEAR(static_cast<double>(grown), counted, 0.01 * counted);
#endif
}

TEST(HistoryReading, SeveralChannelsAreMergedInOrderOfNumber) {
  Stage stage({rule("*")});
  std::uint64_t number = 0;
  for (const char* channel : {"a", "b", "a", "c", "c", "b"}) stage.append(channel, ++number);
  const auto read = [&](std::string_view channel, std::uint64_t from) {
    return stage.store.after(channel, {from, kAllTags, kEverything}, stage.now);
  };
  const auto merged = [&](const ReadingLimits& limits) {
    return shown(merge({read("c", 0), read("a", 1), read("b", 0)}, limits));
  };
  EXPECT_EQ(merged(kEverything), "2 3 4 5 6");
  EXPECT_EQ(merged({4, kUnlimited}), "too_many");
  EXPECT_EQ(merged({5, kUnlimited}), "2 3 4 5 6");
  EXPECT_EQ(merged({6, kUnlimited}), "2 3 4 5 6");
  EXPECT_EQ(merged({9, 5 * stage.frame.size() - 1}), "too_many");
  EXPECT_EQ(merged({9, 5 * stage.frame.size()}), "2 3 4 5 6");
  EXPECT_EQ(merged({9, 5 * stage.frame.size() + 1}), "2 3 4 5 6");
  EXPECT_EQ(shown(merge({}, kEverything)), "");
}

TEST(HistoryReading, OneReadingThatIsRefusedRefusesAll) {
  Stage stage({rule("a", 1), rule("b")});
  stage.append("a", 1);
  stage.append("b", 2);
  stage.append("a", 3);
  const auto read = [&](std::string_view channel) {
    return stage.store.after(channel, {0, kAllTags, kEverything}, stage.now);
  };
  EXPECT_EQ(shown(merge({read("b"), read("a"), read("none")}, kEverything)), "evicted");
  EXPECT_EQ(shown(merge({read("none"), read("a")}, kEverything)), "no_history");
}

}  // namespace
}  // namespace carillon::history::testing
