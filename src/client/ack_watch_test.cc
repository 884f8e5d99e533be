// What AckWatch concludes from the bytes that a peer has acknowledged.
#include "client/ack_watch.h"

#include <gtest/gtest.h>

namespace carillon::client {
namespace {

using Found = AckWatch::Found;
constexpr MonoTime kStart{seconds(1000)};
constexpr seconds kWithin{1000};

TEST(AckWatch, ReportsArrivalOnceTheBytesOfTheFirstLookAreAcknowledged) {
  AckWatch watch;
  EXPECT_EQ(watch.look(1, {1000, 500}, kStart, kWithin), Found::begun);
  EXPECT_EQ(watch.look(1, {1499, 500}, kStart + seconds(1), kWithin), Found::moving);
  EXPECT_EQ(watch.look(1, {1500, 500}, kStart + seconds(2), kWithin), Found::arrived)
      << "what came later may wait";
  EXPECT_EQ(watch.watched_for(1, kStart + seconds(2)), seconds(2));
}

TEST(AckWatch, APeerThatAcknowledgesNothingIsStuck) {
  AckWatch watch;
  watch.look(1, {1000, 500}, kStart, kWithin);
  EXPECT_EQ(watch.look(1, {1000, 900}, kStart + seconds(1), kWithin), Found::stuck);
  EXPECT_EQ(watch.look(1, {1001, 899}, kStart + seconds(2), kWithin), Found::moving);
  EXPECT_EQ(watch.look(1, {1001, 899}, kStart + seconds(3), kWithin), Found::stuck);
}

TEST(AckWatch, APeerIsStuckWhenTheRestWouldTakeTooLong) {
  for (const std::uint64_t moved : {99U, 100U, 101U}) {
    AckWatch watch;
    watch.look(1, {0, 1000 + moved}, kStart, seconds(10));
    EXPECT_EQ(watch.look(1, {moved, 1000}, kStart + seconds(1), seconds(10)),
              moved < 100 ? Found::stuck : Found::moving);
  }
}

TEST(AckWatch, WatchesTheNextBytesAfterAnArrival) {
  AckWatch watch;
  watch.look(1, {1000, 500}, kStart, kWithin);
  EXPECT_EQ(watch.look(1, {1500, 300}, kStart + seconds(1), kWithin), Found::arrived);
  EXPECT_EQ(watch.look(1, {1500, 300}, kStart + seconds(2), kWithin), Found::stuck);
  EXPECT_EQ(watch.look(1, {1799, 1}, kStart + seconds(3), kWithin), Found::moving);
  EXPECT_EQ(watch.look(1, {1800, 0}, kStart + seconds(4), kWithin), Found::arrived);
}

TEST(AckWatch, WatchesEachConnectionSeparatelyUntilItIsForgotten) {
  AckWatch watch;
  watch.look(1, {0, 10}, kStart, kWithin);
  EXPECT_EQ(watch.look(2, {0, 10}, kStart, kWithin), Found::begun);
  EXPECT_TRUE(watch.is_watched(1));
  watch.forget(1);
  EXPECT_FALSE(watch.is_watched(1));
  EXPECT_EQ(watch.look(1, {0, 10}, kStart, kWithin), Found::begun);
  EXPECT_EQ(watch.watched(), 2U);
}

}  // namespace
}  // namespace carillon::client
