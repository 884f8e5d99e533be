#include "auth/token_cache.h"

#include <gtest/gtest.h>

#include <string>

namespace carillon::auth {
namespace {

constexpr WallTime kNow{seconds(1000)};
constexpr Validity kAlways{};

struct Cache : TokenCache {
  using TokenCache::TokenCache;

  void put(int n, Validity validity = kAlways, WallTime now = kNow) {
    insert(*digest_of(std::to_string(n)), Identity::make(std::to_string(n), std::nullopt), validity, now);
  }
  std::string get(int n, WallTime now = kNow) {
    const auto identity = find(*digest_of(std::to_string(n)), now);
    return std::string(identity ? identity->subject() : "-");
  }
};

TEST(TokenCache, FindsWhatWasInsertedAndNothingElse) {
  Cache cache(8);
  cache.put(1);
  EXPECT_EQ(cache.get(1), "1");
  EXPECT_EQ(cache.get(2), "-");
  EXPECT_EQ(cache.size(), 1U);
}

TEST(TokenCache, TheDigestIsSha256) {
  Cache cache(1);
  const auto digest = cache.digest_of("abc");  // FIPS 180-2 appendix B.1
  ASSERT_TRUE(digest);
  EXPECT_EQ((*digest)[0], 0xBA);
  EXPECT_EQ((*digest)[1], 0x78);
  EXPECT_EQ((*digest)[31], 0xAD);
  EXPECT_EQ(cache.digest_of("abc"), digest);
  EXPECT_NE(cache.digest_of("abd"), digest);
}

TEST(TokenCache, GrowsToItsLimitAndNoFurther) {
  Cache cache(4);
  for (int n = 0; n < 3; ++n) cache.put(n);
  EXPECT_EQ(cache.size(), 3U);
  cache.put(3);
  EXPECT_EQ(cache.size(), 4U);
  EXPECT_EQ(cache.get(0), "0");
  cache.put(4);
  EXPECT_EQ(cache.size(), 4U);
  for (int n = 5; n < 1000; ++n) cache.put(n);
  EXPECT_EQ(cache.size(), 4U);
  int found = 0;
  for (int n = 0; n < 1000; ++n) found += cache.get(n) == "-" ? 0 : 1;
  EXPECT_EQ(found, 4);
}

TEST(TokenCache, AFloodOfTokensUsedOnceDoesNotPushOutOneThatReturns) {
  Cache cache(4);
  cache.put(0);
  for (int n = 1; n < 1000; ++n) {
    EXPECT_EQ(cache.get(0), "0");
    cache.put(n);
  }
}

TEST(TokenCache, WhenAllWereFoundLatelyOneStillMakesRoom) {
  Cache cache(3);
  for (int n = 0; n < 3; ++n) cache.put(n);
  for (int n = 0; n < 3; ++n) cache.get(n);
  cache.put(3);
  EXPECT_EQ(cache.get(3), "3");
  EXPECT_EQ(cache.size(), 3U);
}

TEST(TokenCache, TheExpiredGoFirstHoweverOftenTheyWereFound) {
  Cache cache(2);
  cache.put(1, {.until = kNow + seconds(5)});
  cache.put(2);
  EXPECT_EQ(cache.get(1), "1");
  EXPECT_EQ(cache.get(2), "2");
  cache.put(3, kAlways, kNow + seconds(5));
  EXPECT_EQ(cache.get(1), "-");
  EXPECT_EQ(cache.get(2), "2");
}

TEST(TokenCache, AnEntryCountsOnlyFromItsFirstMillisecondToBeforeItsLast) {
  Cache cache(2);
  cache.put(1, {.from = kNow, .until = kNow + seconds(1)});
  EXPECT_EQ(cache.get(1, kNow - milliseconds(1)), "-");
  EXPECT_EQ(cache.get(1, kNow), "1");
  EXPECT_EQ(cache.get(1, kNow + milliseconds(999)), "1");
  EXPECT_EQ(cache.get(1, kNow + milliseconds(1000)), "-");
  EXPECT_EQ(cache.get(1, kNow), "1");  // the wall clock stepped back
}

TEST(TokenCache, InsertingATokenAgainReplacesItsEntry) {
  Cache cache(2);
  cache.put(1, {.until = kNow});
  EXPECT_EQ(cache.get(1), "-");
  cache.put(1);
  EXPECT_EQ(cache.get(1), "1");
  EXPECT_EQ(cache.size(), 1U);
}

TEST(TokenCache, OfNoEntriesRemembersNothing) {
  Cache cache(0);
  EXPECT_FALSE(cache.digest_of("token"));
  cache.insert({}, Identity::make("x", std::nullopt), kAlways, kNow);
  EXPECT_EQ(cache.size(), 0U);
}

}  // namespace
}  // namespace carillon::auth
