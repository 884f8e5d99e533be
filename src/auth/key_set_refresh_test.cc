// When a key set is fetched, and until when its keys are used.
#include "auth/key_set_refresh.h"

#include <gtest/gtest.h>

#include <vector>

namespace carillon::auth {
namespace {

using Answer = KeySetRefresh::Answer;

constexpr MonoTime kStart{std::chrono::hours(1)};
constexpr KeySetTimes kTimes{seconds(30), seconds(3600), seconds(86'400), seconds(2)};

// A set that was fetched at kStart.
KeySetRefresh fetched(std::optional<seconds> max_age = std::nullopt) {
  KeySetRefresh refresh(kTimes);
  EXPECT_TRUE(refresh.begin_if_due(kStart));
  refresh.on_success(kStart, max_age);
  return refresh;
}

TEST(KeySetRefresh, TheFirstFetchBeginsAtOnceAndThereIsOneAtATime) {
  KeySetRefresh refresh(kTimes);
  EXPECT_LE(refresh.next_event(), kStart);
  EXPECT_TRUE(refresh.begin_if_due(kStart));
  EXPECT_FALSE(refresh.begin_if_due(kStart + std::chrono::hours(1)));
  EXPECT_EQ(refresh.on_missing_key(kStart), Answer::wait);
  EXPECT_EQ(refresh.next_event(), MonoTime::max());
}

TEST(KeySetRefresh, ItIsFetchedAgainAfterFourFifthsOfItsAge) {
  KeySetRefresh refresh = fetched();
  EXPECT_EQ(refresh.next_event(), kStart + seconds(2880));
  EXPECT_FALSE(refresh.begin_if_due(kStart + seconds(2880) - milliseconds(1)));
  EXPECT_TRUE(refresh.begin_if_due(kStart + seconds(2880)));
}

TEST(KeySetRefresh, MaxAgeCountsBetweenMinIntervalAndAgeMax) {
  struct Row {
    seconds max_age;
    seconds age;
  };
  for (const Row row :
       {Row{seconds(0), seconds(30)}, Row{seconds(29), seconds(30)}, Row{seconds(30), seconds(30)},
        Row{seconds(31), seconds(31)}, Row{seconds(3599), seconds(3599)}, Row{seconds(3600), seconds(3600)},
        Row{seconds(3601), seconds(3600)}, Row{seconds(31'536'000'000), seconds(3600)}}) {
    KeySetRefresh refresh = fetched(row.max_age);
    const MonoTime due = kStart + milliseconds(row.age) * 4 / 5;
    EXPECT_EQ(refresh.next_event(), std::max(due, kStart + seconds(30))) << row.max_age.count();
  }
}

TEST(KeySetRefresh, AMissingKeyCausesAFetchButNeverTwoWithinMinInterval) {
  KeySetRefresh refresh = fetched();
  EXPECT_EQ(refresh.on_missing_key(kStart + seconds(30) - milliseconds(1)), Answer::not_now);
  EXPECT_FALSE(refresh.begin_if_due(kStart + seconds(30)));
  EXPECT_EQ(refresh.on_missing_key(kStart + seconds(30)), Answer::wait);
  EXPECT_EQ(refresh.on_missing_key(kStart + seconds(30)), Answer::wait) << "it is about to begin";
  EXPECT_TRUE(refresh.begin_if_due(kStart + seconds(30)));
  refresh.on_success(kStart + seconds(31), std::nullopt);
  for (int i = 0; i < 10'000; ++i) EXPECT_EQ(refresh.on_missing_key(kStart + seconds(59)), Answer::not_now);
  EXPECT_FALSE(refresh.begin_if_due(kStart + seconds(59)));
  EXPECT_EQ(refresh.on_missing_key(kStart + seconds(60)), Answer::wait) << "counted from begin to begin";
}

TEST(KeySetRefresh, FailuresAreRepeatedAfterGrowingDelays) {
  KeySetRefresh refresh(kTimes);
  MonoTime now = kStart;
  std::vector<std::int64_t> delays;
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(refresh.begin_if_due(now));
    refresh.on_failure(now);
    delays.push_back(std::chrono::duration_cast<seconds>(refresh.next_event() - now).count());
    now = refresh.next_event();
  }
  EXPECT_EQ(delays, (std::vector<std::int64_t>{30, 60, 120, 240, 300, 300}));
  ASSERT_TRUE(refresh.begin_if_due(now));
  refresh.on_success(now, std::nullopt);
  now = refresh.next_event();
  ASSERT_TRUE(refresh.begin_if_due(now));
  refresh.on_failure(now);
  EXPECT_EQ(refresh.next_event() - now, seconds(30)) << "a success ends the series";
}

TEST(KeySetRefresh, AFailureDelaysNoFetchThatAMissingKeyMayCause) {
  KeySetRefresh refresh(kTimes);
  MonoTime now = kStart;
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(refresh.begin_if_due(now));
    refresh.on_failure(now);
    now = refresh.next_event();
  }
  const MonoTime last = now - seconds(240);
  EXPECT_EQ(refresh.on_missing_key(last + seconds(30)), Answer::wait);
  EXPECT_TRUE(refresh.begin_if_due(last + seconds(30)));
}

TEST(KeySetRefresh, TheLastGoodKeysAreKeptForStaleMaxBeyondTheirAge) {
  KeySetRefresh refresh = fetched();
  const MonoTime end = kStart + seconds(3600) + seconds(86'400);
  EXPECT_FALSE(refresh.is_too_old(end - milliseconds(1)));
  EXPECT_TRUE(refresh.is_too_old(end));
  EXPECT_TRUE(refresh.begin_if_due(end - seconds(1)));
  refresh.on_failure(end - seconds(1));
  EXPECT_TRUE(refresh.is_too_old(end));
  EXPECT_EQ(refresh.next_event(), end);
  refresh.on_dropped();
  EXPECT_FALSE(refresh.is_too_old(end));
}

}  // namespace
}  // namespace carillon::auth
