#include "client/connection.h"

#include <gtest/gtest.h>

namespace carillon::client {
namespace {

TEST(ConnectionTable, IsFullAtItsLimit) {
  ConnectionTable table(3);
  for (std::uint32_t wanted = 0; wanted < 3; ++wanted) {
    const auto index = table.try_take();
    ASSERT_TRUE(index);
    EXPECT_EQ(*index, wanted);
    table[*index].state = State::head;
  }
  EXPECT_FALSE(table.try_take());
  table.give_back(1);
  EXPECT_FALSE(table.try_take()) << "not yet: a caller may look at it once more";
  table.reuse_given_back();
  EXPECT_EQ(table.try_take(), std::optional<std::uint32_t>(1)) << "a row that is free again";
}

TEST(ConnectionTable, AnEventForAReleasedConnectionFindsNone) {
  ConnectionTable table(1);
  const std::uint32_t index = *table.try_take();
  table[index].state = State::head;
  const std::uint32_t generation = table[index].generation;
  EXPECT_NE(table.find(index, generation), nullptr);
  table.give_back(index);
  EXPECT_EQ(table.find(index, generation), nullptr);
  EXPECT_EQ(table[index].state, State::unused);
  table.reuse_given_back();
  EXPECT_EQ(table.try_take(), index);
  table[index].state = State::head;
  EXPECT_EQ(table.find(index, generation), nullptr);
  EXPECT_EQ(table.find(index + 1, 0), nullptr) << "no such row";
}

}  // namespace
}  // namespace carillon::client
