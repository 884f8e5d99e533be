// Which connection is read next, and when the reading of a turn ends.
#include "client/read_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace carillon::client {
namespace {

using std::chrono::microseconds;
using Lane = ReadQueue::Lane;

// One turn in which a visit to connection i takes cost_of(i).
template <class Cost>
std::vector<std::uint32_t> visits_of_a_turn(ReadQueue& queue, MonoClock::duration slice, Cost cost_of) {
  std::vector<std::uint32_t> order;
  MonoTime now(seconds(1));
  queue.begin_slice(now, slice);
  while (const auto next = queue.next()) {
    order.push_back(next->index);
    now += cost_of(next->index);
    queue.end_visit(now);
  }
  return order;
}

constexpr auto kTen = [](std::uint32_t) { return microseconds(10); };

TEST(ReadQueue, ConnectionsOfALaneAreVisitedInTheOrderTheyWereQueued) {
  ReadQueue queue;
  for (std::uint32_t i = 0; i < 3; ++i) queue.push(Lane::fresh, {i, 0});
  EXPECT_EQ(visits_of_a_turn(queue, milliseconds(1), kTen), (std::vector<std::uint32_t>{0, 1, 2}));
  EXPECT_TRUE(queue.empty());
}

TEST(ReadQueue, VisitsBeginUntilTheSliceIsOverAndTheRestWaitForTheNextTurn) {
  for (const int visits : {9, 10, 11}) {
    ReadQueue queue;
    for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(visits); ++i) queue.push(Lane::fresh, {i, 0});
    const auto first = visits_of_a_turn(queue, microseconds(100), kTen);
    EXPECT_EQ(first.size(), static_cast<std::size_t>(std::min(visits, 10)));
    EXPECT_EQ(queue.empty(), visits <= 10);
    EXPECT_EQ(visits_of_a_turn(queue, microseconds(100), kTen).size(), visits <= 10 ? 0U : 1U);
  }
}

TEST(ReadQueue, AFreshConnectionDoesNotWaitBehindThreeHundredThatNeverStopSending) {
  ReadQueue queue;
  for (std::uint32_t i = 0; i < 300; ++i) queue.push(Lane::rest, {i, 0});
  visits_of_a_turn(queue, microseconds(100), kTen);
  queue.push(Lane::fresh, {1000, 0});
  EXPECT_EQ(visits_of_a_turn(queue, microseconds(10), kTen), (std::vector<std::uint32_t>{1000}));
}

TEST(ReadQueue, FreshConnectionsDoNotStarveTheOthers) {
  ReadQueue queue;
  for (std::uint32_t i = 0; i < 1000; ++i) queue.push(Lane::fresh, {i, 0});
  queue.push(Lane::rest, {5000, 0});
  queue.push(Lane::handshake, {6000, 0});
  queue.push(Lane::first_request, {7000, 0});
  queue.push(Lane::request, {8000, 0});
  const auto order = visits_of_a_turn(queue, microseconds(60), kTen);
  EXPECT_EQ(order, (std::vector<std::uint32_t>{0, 5000, 6000, 7000, 8000, 1}));
}

TEST(ReadQueue, ALaneOfCostlyVisitsGetsNoMoreTimeThanALaneOfCheapOnes) {
  ReadQueue queue;
  for (std::uint32_t i = 0; i < 1000; ++i) queue.push(Lane::fresh, {i, 0});
  for (std::uint32_t i = 1000; i < 1100; ++i) queue.push(Lane::handshake, {i, 0});
  const auto cost = [](std::uint32_t index) { return microseconds(index < 1000 ? 10 : 500); };
  std::size_t handshakes = 0;
  const auto order = visits_of_a_turn(queue, milliseconds(10), cost);
  for (const std::uint32_t each : order) handshakes += each >= 1000 ? 1U : 0U;
  EXPECT_GE(handshakes, 9U);
  EXPECT_LE(handshakes, 11U);
  EXPECT_GE(order.size() - handshakes, 450U);
}

TEST(ReadQueue, AnEmptyLaneSavesUpNoTime) {
  ReadQueue queue;
  for (std::uint32_t i = 0; i < 1000; ++i) queue.push(Lane::rest, {i, 0});
  visits_of_a_turn(queue, milliseconds(5), kTen);  // 500 visits without another lane
  for (std::uint32_t i = 1000; i < 2000; ++i) queue.push(Lane::fresh, {i, 0});
  const auto order = visits_of_a_turn(queue, microseconds(100), kTen);
  EXPECT_EQ(std::count_if(order.begin(), order.end(), [](std::uint32_t each) { return each < 1000; }), 5);
}

// Regression: after a crowd had connected, one client that always had bytes left was read for seconds before
// a new request.
TEST(ReadQueue, ALaneIsNotChargedForTimeThatNoOtherLaneUsed) {
  ReadQueue queue;
  for (std::uint32_t i = 0; i < 1000; ++i) queue.push(Lane::fresh, {i, 0});
  EXPECT_EQ(visits_of_a_turn(queue, seconds(1), kTen).size(), 1000U);
  EXPECT_TRUE(queue.empty());
  for (std::uint32_t i = 1000; i < 1100; ++i) queue.push(Lane::rest, {i, 0});
  queue.push(Lane::fresh, {0, 0});
  const auto order = visits_of_a_turn(queue, microseconds(100), kTen);
  EXPECT_NE(std::find(order.begin(), order.end(), 0U), order.end());
}

TEST(ReadQueue, ATurnEndsEvenIfTheClockStandsStill) {
  ReadQueue queue;
  queue.begin_slice(MonoTime(seconds(1)), milliseconds(1));
  queue.push(Lane::rest, {0, 0});
  int visits = 0;
  while (const auto next = queue.next()) {
    ++visits;
    queue.end_visit(MonoTime(seconds(1)));
    queue.push(Lane::rest, *next);
  }
  EXPECT_EQ(visits, ReadQueue::kVisitsATurnMax);
}

}  // namespace
}  // namespace carillon::client
