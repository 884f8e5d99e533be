#include <gtest/gtest.h>

#include "config/load.h"

namespace carillon::config {
namespace {

const std::vector<std::string> kWords = {"listen", "shards", "drain", "ping", "url"};

TEST(Nearest, FindsAWordWithAFewWrongLetters) {
  EXPECT_EQ(nearest("lisen", kWords), "listen");
  EXPECT_EQ(nearest("lsiten", kWords), "listen");  // two neighbours swapped count once
  EXPECT_EQ(nearest("LISTEN", kWords), "listen");
  EXPECT_EQ(nearest("pign", kWords), "ping");
  EXPECT_EQ(nearest("uri", kWords), "url");
  EXPECT_EQ(nearest("drain", kWords), "drain");
}

TEST(Nearest, FindsNothingWhereNothingIsNear) {
  EXPECT_EQ(nearest("", kWords), std::nullopt);
  EXPECT_EQ(nearest("zebra", kWords), std::nullopt);
  EXPECT_EQ(nearest("x", kWords), std::nullopt);
  EXPECT_EQ(nearest("listen", {}), std::nullopt);
}

TEST(Nearest, TakesTheNearerOfTwo) {
  EXPECT_EQ(nearest("query", {"bearer", "querry", "quart"}), "querry");
  EXPECT_EQ(nearest("orio", {"orion", "oreo"}), "orion");
}

TEST(Nearest, LooksAtNoWordLongerThan64Bytes) {
  EXPECT_TRUE(nearest(std::string(63, 'a'), {std::string(64, 'a')}));
  EXPECT_TRUE(nearest(std::string(64, 'a'), {std::string(64, 'a')}));
  EXPECT_FALSE(nearest(std::string(65, 'a'), {std::string(64, 'a')}));
}

}  // namespace
}  // namespace carillon::config
