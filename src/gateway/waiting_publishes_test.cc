#include "gateway/waiting_publishes.h"

#include <gtest/gtest.h>

namespace carillon::gateway {
namespace {

WaitingPublishes::Publish of(std::uint32_t client, std::string request = "{}", std::uint32_t generation = 1) {
  return {{client, generation}, std::move(request), "a"};
}

TEST(WaitingPublishes, EachIsTakenOnce) {
  WaitingPublishes waiting;
  const auto ticket = waiting.add(of(1, "{\"id\":1}"), 1);
  ASSERT_TRUE(ticket);
  const auto publish = waiting.take(*ticket);
  ASSERT_TRUE(publish);
  EXPECT_EQ(publish->request, "{\"id\":1}");
  EXPECT_EQ(publish->channel, "a");
  EXPECT_FALSE(waiting.take(*ticket));
  EXPECT_EQ(waiting.size(), 0U);
}

TEST(WaitingPublishes, AClientThatComesAfterAnotherOneBeginsWithNone) {
  WaitingPublishes waiting;
  const auto first = waiting.add(of(1, "{}", 1), 1);
  ASSERT_TRUE(first);
  EXPECT_FALSE(waiting.add(of(1, "{}", 1), 1));
  EXPECT_TRUE(waiting.add(of(1, "{}", 2), 1)) << "the index is the same, the client is not";
  waiting.take(*first);
  EXPECT_FALSE(waiting.add(of(1, "{}", 2), 1));
  EXPECT_TRUE(waiting.add(of(1, "{}", 1), 1));
}

TEST(WaitingPublishes, TheirRequestsAreLimitedTogether) {
  WaitingPublishes waiting;
  const auto with_bytes = [](std::size_t memory) {
    return of(1, std::string(memory - sizeof(WaitingPublishes::Publish) - 1, 'x'));
  };
  const std::size_t half = WaitingPublishes::kBytesMax / 2;
  ASSERT_TRUE(waiting.add(with_bytes(half), 9));
  EXPECT_FALSE(waiting.add(with_bytes(half + 1), 9));
  const auto ticket = waiting.add(with_bytes(half - 200), 9);
  ASSERT_TRUE(ticket);
  EXPECT_FALSE(waiting.add(with_bytes(201), 9));
  const auto last = waiting.add(with_bytes(200), 9);
  EXPECT_TRUE(last);
  waiting.take(*ticket);
  EXPECT_TRUE(waiting.add(with_bytes(half - 200), 9));
}

}  // namespace
}  // namespace carillon::gateway
