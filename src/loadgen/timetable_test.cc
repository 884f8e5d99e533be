#include "loadgen/timetable.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace carillon::loadgen {
namespace {

constexpr MonoTime kStart{std::chrono::seconds(1000)};

TEST(Timetable, SpreadsTheEventsEvenlyFromTheStart) {
  const Timetable table({.events_per_s = 500, .events = 10}, kStart);
  EXPECT_EQ(table.due(0), kStart);
  EXPECT_EQ(table.due(1), kStart + milliseconds(2));
  EXPECT_EQ(table.due(500), kStart + seconds(1));
  EXPECT_EQ(table.due_by(kStart - std::chrono::nanoseconds(1)), 0u);
  EXPECT_EQ(table.due_by(kStart), 1u);
  EXPECT_EQ(table.due_by(kStart + milliseconds(2) - std::chrono::nanoseconds(1)), 1u);
  EXPECT_EQ(table.due_by(kStart + milliseconds(2)), 2u);
  EXPECT_EQ(table.due_by(kStart + seconds(60)), 10u);
}

TEST(Timetable, BothEndsAgreeOnWhatIsDueWhateverTheRate) {
  for (double rate : {0.3, 3.0, 7.0, 333.0, 9'999.0, 1'000'000.0}) {
    const Timetable table({.events_per_s = rate, .events = 100'000'000}, kStart);
    for (std::uint64_t n : {1u, 2u, 3u, 10u, 999u, 123'456u, 99'999'998u}) {
      EXPECT_EQ(table.due_by(table.due(n)), n + 1) << rate;
      EXPECT_EQ(table.due_by(table.due(n) - std::chrono::nanoseconds(1)), n) << rate;
    }
  }
}

TEST(Timetable, ChannelsTakeTurns) {
  const Timetable table({.events_per_s = 1, .events = 10, .channels = 3}, kStart);
  EXPECT_EQ(table.channel_of(0), 0u);
  EXPECT_EQ(table.channel_of(5), 2u);
  EXPECT_EQ(table.event_of(2, 0), 2u);
  EXPECT_EQ(table.event_of(2, 3), 11u);
  EXPECT_EQ(table.count_on(0, 10), 4u);
  EXPECT_EQ(table.count_on(1, 10), 3u);
  EXPECT_EQ(table.count_on(1, 0), 0u);
}

TEST(Timetable, InRandomOrderEachRoundHasEachChannelOnce) {
  for (std::uint32_t channels : {1u, 2u, 3u, 64u, 1000u, 1025u}) {
    const Timetable table(
        {.events_per_s = 1, .events = 1'000'000, .channels = channels, .order = ChannelOrder::random},
        kStart);
    for (std::uint64_t round = 0; round < 5; ++round) {
      std::set<std::uint32_t> seen;
      for (std::uint64_t n = round * channels; n < (round + 1) * channels; ++n) {
        const std::uint32_t channel = table.channel_of(n);
        ASSERT_LT(channel, channels);
        EXPECT_TRUE(seen.insert(channel).second);
        ASSERT_EQ(table.event_of(channel, round), n);
      }
    }
  }
}

TEST(Timetable, RandomRoundsDifferFromEachOther) {
  const Timetable table({.events_per_s = 1, .events = 300, .channels = 100, .order = ChannelOrder::random},
                        kStart);
  std::vector<std::uint32_t> first;
  std::vector<std::uint32_t> second;
  for (std::uint64_t n = 0; n < 100; ++n) {
    first.push_back(table.channel_of(n));
    second.push_back(table.channel_of(n + 100));
  }
  EXPECT_NE(first, second);
  EXPECT_FALSE(std::is_sorted(first.begin(), first.end()));
}

TEST(Timetable, TheCountsOfAllChannelsAddUp) {
  for (const ChannelOrder order : {ChannelOrder::round_robin, ChannelOrder::random}) {
    const Timetable table({.events_per_s = 1, .events = 1000, .channels = 7, .order = order}, kStart);
    for (std::uint64_t published : {0u, 1u, 6u, 7u, 8u, 1000u}) {
      std::uint64_t sum = 0;
      for (std::uint32_t channel = 0; channel < 7; ++channel) sum += table.count_on(channel, published);
      EXPECT_EQ(sum, published);
    }
  }
}

}  // namespace
}  // namespace carillon::loadgen
