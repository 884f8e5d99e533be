#include "reactor/inbox.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <memory>
#include <thread>

namespace carillon::reactor {
namespace {

bool readable(int fd, int timeout_ms = 0) {
  pollfd poll{fd, POLLIN, 0};
  return ::poll(&poll, 1, timeout_ms) == 1;
}

template <class T>
std::unique_ptr<Inbox<T>> new_inbox(std::size_t capacity) {
  auto wake = WakeFd::create();
  if (!wake) throw std::runtime_error(wake.error().message);
  return std::make_unique<Inbox<T>>(capacity, std::move(*wake));
}

TEST(Inbox, TakesUpToItsCapacity_RefusesAndCountsBeyond) {
  const auto inbox = new_inbox<int>(3);
  EXPECT_TRUE(inbox->try_push(1));
  EXPECT_TRUE(inbox->try_push(2));
  EXPECT_TRUE(inbox->try_push(3));
  EXPECT_FALSE(inbox->try_push(4));
  EXPECT_EQ(1u, inbox->refused());
  std::vector<int> taken{99};
  inbox->drain_into(taken);
  EXPECT_EQ((std::vector<int>{1, 2, 3}), taken);
  EXPECT_TRUE(inbox->try_push(5));
}

TEST(Inbox, IsBoundedInBytesToo) {
  for (const std::size_t second : {39U, 40U, 41U}) {
    auto wake = WakeFd::create();
    ASSERT_TRUE(wake.has_value());
    Inbox<int> inbox(1000, std::move(*wake), 100);
    EXPECT_TRUE(inbox.try_push(1, 60));
    EXPECT_EQ(inbox.try_push(2, second), second <= 40);
    EXPECT_EQ(inbox.refused(), second <= 40 ? 0U : 1U);
    std::vector<int> taken;
    inbox.drain_into(taken);
    EXPECT_TRUE(inbox.try_push(3, 100)) << "what was taken does not count any more";
  }
}

// An event of a size that bus.event_bytes_max allows must be deliverable.
TEST(Inbox, TakesOneItemOfAnySizeWhenNothingWaits) {
  auto wake = WakeFd::create();
  ASSERT_TRUE(wake.has_value());
  Inbox<int> inbox(1000, std::move(*wake), 100);
  EXPECT_TRUE(inbox.try_push(1, 101));
  EXPECT_FALSE(inbox.try_push(2, 1));
  EXPECT_FALSE(inbox.try_push(3, Inbox<int>::kNoLimit));
  std::vector<int> taken;
  inbox.drain_into(taken);
  EXPECT_TRUE(inbox.try_push(4, Inbox<int>::kNoLimit));
  EXPECT_FALSE(inbox.try_push(5, Inbox<int>::kNoLimit));
}

TEST(Inbox, NeverRefusesWhatIsBoundedElsewhere) {
  const auto inbox = new_inbox<int>(1);
  EXPECT_TRUE(inbox->try_push(1));
  inbox->push_always(2);
  EXPECT_FALSE(inbox->try_push(3));
  std::vector<int> taken;
  inbox->drain_into(taken);
  EXPECT_EQ((std::vector<int>{1, 2}), taken);
  EXPECT_EQ(1u, inbox->refused());
}

TEST(Inbox, IsReadableFromTheFirstItemUntilItIsDrained) {
  const auto inbox = new_inbox<int>(8);
  EXPECT_FALSE(readable(inbox->fd()));
  EXPECT_TRUE(inbox->try_push(1));
  EXPECT_TRUE(inbox->try_push(2));
  EXPECT_TRUE(readable(inbox->fd()));
  std::vector<int> taken;
  inbox->drain_into(taken);
  EXPECT_FALSE(readable(inbox->fd()));
  inbox->drain_into(taken);
  EXPECT_TRUE(taken.empty());
  EXPECT_TRUE(inbox->try_push(3));
  EXPECT_TRUE(readable(inbox->fd()));
}

TEST(Inbox, AWakeWithoutItemsIsHarmless) {
  const auto inbox = new_inbox<int>(8);
  inbox->wake();
  EXPECT_TRUE(readable(inbox->fd()));
  std::vector<int> taken;
  inbox->drain_into(taken);
  EXPECT_TRUE(taken.empty());
  EXPECT_FALSE(readable(inbox->fd()));
}

TEST(Inbox, MovesItemsThatCannotBeCopied) {
  const auto inbox = new_inbox<std::unique_ptr<int>>(2);
  EXPECT_TRUE(inbox->try_push(std::make_unique<int>(7)));
  std::vector<std::unique_ptr<int>> taken;
  inbox->drain_into(taken);
  ASSERT_EQ(1u, taken.size());
  EXPECT_EQ(7, *taken[0]);
}

TEST(Inbox, LosesNothingFromFourThreads_AndNeverSleepsOnAnItem) {
  constexpr std::uint32_t kThreads = 4, kEach = 50'000;
  struct Item {
    std::uint32_t thread, number;
  };
  const auto inbox = new_inbox<Item>(256);
  std::vector<std::thread> threads;
  for (std::uint32_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&inbox, t] {
      for (std::uint32_t i = 0; i < kEach; ++i) {
        while (!inbox->try_push({t, i})) std::this_thread::yield();
      }
    });
  }
  std::array<std::uint32_t, kThreads> next{};
  std::vector<Item> taken;
  std::uint32_t received = 0;
  while (received < kThreads * kEach) {
    if (!readable(inbox->fd(), 10'000)) break;
    inbox->drain_into(taken);
    for (const Item& item : taken) {
      EXPECT_EQ(next[item.thread], item.number);
      next[item.thread] = item.number + 1;
      ++received;
    }
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(kThreads * kEach, received);
}

}  // namespace
}  // namespace carillon::reactor
