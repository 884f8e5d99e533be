// The table of names under a SubscriptionIndex: growth by one bucket, removal, and what a channel costs.
#include "fanout/subscription_index.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <random>
#include <set>
#include <string>

#include "fanout/testing/stage.h"

namespace carillon::fanout::testing {
namespace {

using Outcome = SubscriptionIndex::Outcome;

std::string name_of(std::uint32_t i) { return "conversation:" + std::to_string(100'000 + i); }  // 19 bytes

TEST(SubscriptionIndexTable, EveryNameIsFoundAtEverySizeOnTheWayUpAndDown) {
  Stage stage;
  SubscriptionIndex index(*stage.engine, ChannelPolicies(kDisconnect), 1000, {1, 2});
  constexpr std::uint32_t kMost = 300;
  stage.join(0, {});
  const auto check = [&](std::uint32_t from, std::uint32_t until) {
    EXPECT_EQ(index.size(), until - from);
    for (std::uint32_t i = 0; i < kMost; ++i) {
      EXPECT_EQ(index.find(name_of(i)).has_value(), i >= from && i < until) << i << " of " << until;
    }
  };
  for (std::uint32_t i = 0; i < kMost; ++i) {
    EXPECT_EQ(index.subscribe(0, name_of(i)), Outcome::subscribed);
    check(0, i + 1);
  }
  for (std::uint32_t i = 0; i < kMost; ++i) {
    EXPECT_EQ(index.unsubscribe(0, name_of(i)), Outcome::unsubscribed);
    check(i + 1, kMost);
  }
}

TEST(SubscriptionIndexTable, NamesDifferByEveryByteAndByTheirLength) {
  Stage stage;
  SubscriptionIndex index(*stage.engine, ChannelPolicies(kDisconnect), 1000, {1, 2});
  stage.join(0, {});
  const std::string longest(255, 'x');
  for (const std::string_view name :
       {std::string_view("a"), std::string_view("aa"), std::string_view("a\0", 2), std::string_view(longest),
        std::string_view(longest).substr(1)}) {
    EXPECT_EQ(index.find(name), std::nullopt);
    EXPECT_EQ(index.subscribe(0, name), Outcome::subscribed);
    EXPECT_EQ(index.subscribe(0, name), Outcome::already);
  }
  EXPECT_EQ(index.find(longest + "x"), std::nullopt);
  EXPECT_EQ(index.size(), 5U);
}

TEST(SubscriptionIndexTable, TwoIndexesOnOneEngineDoNotEndEachOthersChannels) {
  Stage stage;
  SubscriptionIndex one(*stage.engine, ChannelPolicies(kDisconnect), 10, {1, 2});
  SubscriptionIndex other(*stage.engine, ChannelPolicies(kDisconnect), 10, {3, 4});
  stage.join(0, {});
  one.subscribe(0, "a");
  const LogId log = *one.find("a");
  stage.engine->unsubscribe_all(0);
  EXPECT_FALSE(other.end(log)) << "it has none";
  other.subscribe(0, "a");
  EXPECT_FALSE(other.end(log));
  EXPECT_TRUE(one.end(log));
  EXPECT_FALSE(one.end(log));
  EXPECT_TRUE(other.find("a").has_value());
}

TEST(SubscriptionIndexTable, RandomChurnMatchesASet) {
  Stage stage;
  SubscriptionIndex index(*stage.engine, ChannelPolicies(kDisconnect), 64, {5, 6});
  stage.join(0, {});
  std::mt19937_64 random(20261125);
  std::set<std::string> expected;
  for (int step = 0; step < 20'000; ++step) {
    const std::string name = name_of(static_cast<std::uint32_t>(random() % 100));
    if (random() % 2 == 0) {
      const bool full = expected.size() == 64 && !expected.contains(name);
      const bool added = index.subscribe(0, name) == Outcome::subscribed;
      EXPECT_EQ(added, !full && !expected.contains(name));
      if (added) expected.insert(name);
    } else {
      EXPECT_EQ(index.unsubscribe(0, name) == Outcome::unsubscribed, expected.erase(name) == 1);
    }
    EXPECT_EQ(index.size(), expected.size());
    EXPECT_EQ(index.find(name).has_value(), expected.contains(name));
  }
}

TEST(SubscriptionIndexTable, ChurnUsesTheSameLogsAgain) {
  Stage stage;
  SubscriptionIndex index(*stage.engine, ChannelPolicies(kDisconnect), 1000, {1, 2});
  stage.join(0, {});
  LogId highest = 0;
  for (std::uint32_t round = 0; round < 100; ++round) {
    for (std::uint32_t i = 0; i < 10; ++i) {
      index.subscribe(0, name_of(round * 10 + i));
      highest = std::max(highest, *index.find(name_of(round * 10 + i)));
    }
    stage.engine->unsubscribe_all(0);
    for (const LogId log : stage.engine->take_deserted()) EXPECT_TRUE(index.end(log));
  }
  EXPECT_LT(highest, 10U);
}

// All that it has on the heap; its record and its bucket are in arrays, whose sizes life_test.cc holds.
TEST(SubscriptionIndexTable, AChannelIsOneAllocationOfThirtyTwoBytes) {
  Stage stage;
  constexpr std::uint32_t kChannels = 10'000;
  SubscriptionIndex index(*stage.engine, ChannelPolicies(kDisconnect), kChannels, {1, 2});
  for (SubscriberId id = 0; id < kChannels; ++id) stage.join(id, {});
  const std::size_t before = ::mallinfo2().uordblks;
  for (SubscriberId id = 0; id < kChannels; ++id) index.subscribe(id, name_of(id));
  const std::size_t grown = ::mallinfo2().uordblks - before;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_GT(grown, kChannels * std::size_t{16});  // the sanitizers' allocators are not asked
#endif
  EXPECT_LE(grown, kChannels * std::size_t{32} + 16'384) << "and the reserved pages' object";
}

}  // namespace
}  // namespace carillon::fanout::testing
