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
  EXPECT_EQ(target->query, "token=a%20b&x");
  EXPECT_EQ(split_target("/ws")->query, "");
  EXPECT_EQ(split_target("/ws?")->query, "");
  EXPECT_EQ(split_target("/a+b?c")->path, "/a+b");
  EXPECT_EQ(split_target("/a?b?c")->query, "b?c");
}

TEST(Target, DecodesOnceOnly) { EXPECT_EQ(split_target("/%252e%252e/x")->path, "/%2e%2e/x"); }

TEST(Target, RefusesWithAReason) {
  EXPECT_EQ(split_target("").error().status, 400);
  EXPECT_EQ(split_target("/a/%2E%2e/b").error().reason, "a dot segment in the path");
  EXPECT_EQ(split_target("/a%2fb").error().reason, "an encoded slash in the path");
  EXPECT_EQ(split_target("/a%00").error().reason, "a control character in the path");
}

TEST(Query, DecodesPercentAndPlus_WireC7) {
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

TEST(Query, ShowsRepeatedNames_WireC7) {
  const auto query = QueryParameters::parse("token=a&x=1&%74oken=b");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->count("token"), 2u);
  EXPECT_EQ(query->all("token"), (Strings{"a", "b"}));
  EXPECT_EQ(query->count("y"), 0u);
}

TEST(Query, ABrokenEscapeAnywhereSpoilsItAll) {
  for (const auto text : {"%", "a=%", "a=%4", "a=%zz", "token=x&b=%g0", "%4=1", "a=%%41"}) {
    EXPECT_FALSE(QueryParameters::parse(text)) << text;
  }
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
}

TEST(Redaction, HidesTheFourParameters_WireC6) {
  EXPECT_EQ(redacted_target("/ws?token=secret"), "/ws?token=REDACTED");
  EXPECT_EQ(redacted_target("/ws?a=1&access_token=secret&b=2"), "/ws?a=1&access_token=REDACTED&b=2");
  EXPECT_EQ(redacted_target("/ws?refresh_token=secret&api_key=secret"),
            "/ws?refresh_token=REDACTED&api_key=REDACTED");
  EXPECT_EQ(redacted_target("/ws?types=a,b&tokens=3&tok=4&key"), "/ws?types=a,b&tokens=3&tok=4&key");
  EXPECT_EQ(redacted_target("/ws"), "/ws");
  EXPECT_EQ(redacted_target("/ws?"), "/ws?");
  EXPECT_EQ(redacted_target("/ws?&&a=1&"), "/ws?&&a=1&");
}

TEST(Redaction, LeavesNoSecretHoweverItIsWritten_WireC6) {
  for (const auto target : {"/ws?TOKEN=SECRET",
                            "/ws?Access_Token=SECRET",
                            "/ws?%74oken=SECRET",
                            "/ws?tok%65n=SECRET",
                            "/ws?api%5Fkey=SECRET",
                            "/ws?token=x%26SECRET",
                            "/ws?token=x=SECRET",
                            "/ws?token=SECRET&token=SECRET",
                            "/ws?token==SECRET",
                            "/ws?+token=SECRET",
                            "/ws?token%20=SECRET",
                            "/ws?a=1;token=SECRET",
                            "/ws?a;token=SECRET",
                            "/ws?token=x;SECRET",
                            "/ws?token%3DSECRET",
                            "/ws?next=/a?token=SECRET",
                            "/ws?next=%2Fa%3Ftoken%3DSECRET",
                            "/ws?next=%252Fa%253Ftoken%253DSECRET",
                            "/ws?a%26token=SECRET",
                            "/ws?x-token=SECRET",
                            "/ws?token=SECRET&b=%zz",
                            "/ws?token=SECRET%",
                            "/ws?%&token=SECRET",
                            "/ws/token=SECRET",
                            "/ws%3Ftoken=SECRET",
                            "/ws%3ftoken%3dSECRET",
                            "http://u:SECRET@h/ws",
                            "ws?token=SECRET",
                            "/ws?token=a?SECRET",
                            "/ws?Token=%53SECRET",
                            "/ws?x=%25252525253Ftoken%25252525253DSECRET"}) {
    EXPECT_EQ(redacted_target(target).find("SECRET"), std::string::npos) << redacted_target(target);
  }
}

TEST(Redaction, DropsAQueryThatCannotBeParsed_WireC6) {
  EXPECT_EQ(redacted_target("/ws?a=1&b=%zz"), "/ws");
  EXPECT_EQ(redacted_target("http://a/ws"), "(not a path)");
  EXPECT_EQ(redacted_target(""), "(not a path)");
}

TEST(Redaction, HidesHeaders_WireC6) {
  EXPECT_EQ(redacted_header("authorization", "Bearer SECRET"), "REDACTED");
  EXPECT_EQ(redacted_header("Cookie", "a=b"), "REDACTED");
  EXPECT_EQ(redacted_header("X-Api-Key", "SECRET"), "REDACTED");
  EXPECT_EQ(redacted_header("Referer", "http://a/b?token=SECRET"), "http://a/b");
  EXPECT_EQ(redacted_header("X-Original-URL", "/ws?token=SECRET"), "REDACTED");
  EXPECT_EQ(redacted_header("User-Agent", "curl/8"), "curl/8");
}

}  // namespace
}  // namespace carillon::http
