#include "http/target.h"

#include <gtest/gtest.h>

#include <string>

namespace carillon::http {
namespace {

using Strings = std::vector<std::string_view>;

TEST(Target, SplitsPathAndQuery) {
  const auto target = split_target("/api/%77s?token=a%20b&x");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/api/ws");
  EXPECT_EQ(target->raw.path, "/api/%77s");
  EXPECT_EQ(target->raw.query, "token=a%20b&x");
  EXPECT_EQ(target->raw.authority, "");
  EXPECT_EQ(split_target("/ws")->raw.query, "");
  EXPECT_EQ(split_target("/ws?")->raw.query, "");
  EXPECT_EQ(split_target("/a+b?c")->path, "/a+b");
  EXPECT_EQ(split_target("/a?b?c")->raw.query, "b?c");
}

TEST(Target, TakesTheAbsoluteForm_Rfc9112_3_2_2) {
  const auto target = split_target("http://a.example:8000/ws?token=x");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/ws");
  EXPECT_EQ(target->raw.authority, "a.example:8000");
  EXPECT_EQ(target->raw.query, "token=x");
  EXPECT_EQ(split_target("HTTPS://[::1]")->path, "/");
  EXPECT_EQ(split_target("ws://a?b=/c")->path, "/");
  EXPECT_EQ(split_target("ws://a?b=/c")->raw.query, "b=/c");
  EXPECT_EQ(split_target("wss://a/b?c=http://d")->path, "/b");
  EXPECT_EQ(split_target("/http://a/b")->path, "/http://a/b");
  for (const auto text : {"http:", "http:/", "http://", "http:///ws", "http://a:b/ws", "http://u:p@a/ws",
                          "http://a@b/", "ftp://a/ws", "://a/ws", "http://a/..", "http://a/%2e%2e",
                          "http://a#b", "http://a/#b", "http://[::1/ws", "*", "a:443", "javascript:1"}) {
    EXPECT_FALSE(split_target(text)) << text;
  }
}

TEST(Target, DecodesOnceOnly) { EXPECT_EQ(split_target("/%252e%252e/x")->path, "/%2e%2e/x"); }

TEST(Target, RefusesWithAReason) {
  EXPECT_EQ(split_target("").error().status, 400);
  EXPECT_EQ(split_target("/a/%2E%2e/b").error().reason, "a dot segment in the path");
  EXPECT_EQ(split_target("/a%2fb").error().reason, "an encoded slash in the path");
  EXPECT_EQ(split_target("/a%00").error().reason, "a control character in the path");
}

TEST(Query, DecodesPercentAndPlus) {
  const auto query = QueryParameters::parse("token=a%2Eb+c%2b&%74ypes=x%2Cy&flag&empty=&=nameless&a=b=c&&");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->first("token"), "a.b c+");
  EXPECT_EQ(query->first("types"), "x,y");
  EXPECT_EQ(query->first("flag"), "");
  EXPECT_EQ(query->first("empty"), "");
  EXPECT_EQ(query->first(""), "nameless");
  EXPECT_EQ(query->first("a"), "b=c");
  EXPECT_EQ(query->first("Token"), std::nullopt);
  EXPECT_EQ(query->entries().size(), 6u);
}

TEST(Query, ShowsRepeatedNames) {
  const auto query = QueryParameters::parse("token=a&x=1&%74oken=b");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->count("token"), 2u);
  EXPECT_EQ(query->all("token"), (Strings{"a", "b"}));
  EXPECT_EQ(query->count("y"), 0u);
}

// Regression: a broken escape in any parameter made the whole query unreadable, and a good token was refused.
TEST(Query, ABrokenEscapeSpoilsItsOwnParameterAlone) {
  for (const auto text : {"a=%", "a=%4", "a=%zz", "token=x&a=%g0", "a=%%41", "a=1&a=%"}) {
    const auto query = QueryParameters::parse(text);
    ASSERT_TRUE(query) << text;
    EXPECT_FALSE(query->is_readable("a")) << text;
    EXPECT_TRUE(query->is_readable("token")) << text;
    EXPECT_FALSE(query->all_readable()) << text;
  }
  const auto query = QueryParameters::parse("%zz=1&token=good&%=&x=%2");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->first("token"), "good");
  EXPECT_TRUE(query->is_readable("token"));
  EXPECT_EQ(query->entries().size(), 1U);
  EXPECT_TRUE(QueryParameters::parse("a=1")->all_readable());
  EXPECT_TRUE(QueryParameters::parse(""));
}

TEST(Query, IsBounded) {
  const auto query = [](std::size_t parameters) {
    std::string text = "a";
    for (std::size_t i = 1; i < parameters; ++i) text += "&a";
    return QueryParameters::parse(text).has_value();
  };
  EXPECT_TRUE(query(QueryParameters::kParametersMax - 1));
  EXPECT_TRUE(query(QueryParameters::kParametersMax));
  EXPECT_FALSE(query(QueryParameters::kParametersMax + 1));
  std::string broken;
  for (std::size_t i = 0; i < QueryParameters::kParametersMax; ++i) broken += "%&";
  EXPECT_TRUE(QueryParameters::parse(broken));
  EXPECT_FALSE(QueryParameters::parse(broken + "a")) << "those that cannot be read count too";
}

}  // namespace
}  // namespace carillon::http
