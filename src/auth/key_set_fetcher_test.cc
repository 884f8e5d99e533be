// The rules of a fetch that need no network: redirects, Cache-Control, metadata of issuers.
#include "auth/key_set_fetcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/discovery.h"

namespace carillon::auth {
namespace {

using std::string;
using ::testing::HasSubstr;

TEST(KeySetFetcher, ARedirectStaysOnItsServer) {
  const string from = "https://id.example.com/keys";
  EXPECT_TRUE(may_redirect(from, "https://id.example.com/v2/keys"));
  EXPECT_TRUE(may_redirect(from, "https://ID.example.com:443/v2/keys?x=1"));
  for (const char* to :
       {"http://id.example.com/keys", "https://id.example.com:8443/keys", "https://evil.example/",
        "https://id.example.com.evil.example/", "https://id.example.com@evil.example/", "https://127.0.0.1/",
        "file:///etc/passwd", "", "/keys"}) {
    EXPECT_FALSE(may_redirect(from, to)) << to;
  }
  EXPECT_TRUE(may_redirect("http://127.0.0.1:1/a", "http://127.0.0.1:1/b"));
  EXPECT_FALSE(may_redirect("http://127.0.0.1:1/a", "http://127.0.0.1:2/a"));
}

TEST(KeySetFetcher, TheMaxAgeOfCacheControlIsRead) {
  struct Row {
    const char* header;
    std::optional<seconds> age;
  };
  for (const Row& row :
       {Row{"max-age=60", seconds(60)}, Row{" Max-Age=60 , public", seconds(60)},
        Row{"public,max-age=\"60\"", seconds(60)}, Row{"max-age=0", seconds(0)}, Row{"no-store", seconds(0)},
        Row{"max-age=60, no-cache", seconds(0)},
        Row{"max-age=99999999999999999999999", seconds(31'536'000'000)},
        Row{"max-age=60, max-age=90", seconds(60)}, Row{"", std::nullopt}, Row{"public", std::nullopt},
        Row{"max-age", std::nullopt}, Row{"max-age=", std::nullopt}, Row{"max-age=-1", std::nullopt},
        Row{"max-age=1.5", std::nullopt}, Row{"s-maxage=60", std::nullopt}, Row{",,,", std::nullopt}}) {
    EXPECT_EQ(max_age_of(row.header), row.age) << row.header;
  }
}

TEST(Discovery, TheMetadataIsBelowTheIssuer) {
  EXPECT_EQ(discovery_url("https://id.example.com"),
            "https://id.example.com/.well-known/openid-configuration");
  EXPECT_EQ(discovery_url("https://id.example.com/realms/x/"),
            "https://id.example.com/realms/x/.well-known/openid-configuration");
}

string uri_in(std::string_view metadata, std::string_view issuer = "https://id.example.com/") {
  const auto uri = jwks_uri_in(metadata, issuer);
  return uri ? *uri : "error: " + uri.error().message;
}

TEST(Discovery, TheIssuerMustBeTheConfiguredOneByteForByte) {
  const string metadata = R"({"issuer":"https://id.example.com/","jwks_uri":"https://keys.example.com/k"})";
  EXPECT_EQ(uri_in(metadata), "https://keys.example.com/k");
  EXPECT_THAT(uri_in(metadata, "https://id.example.com"), HasSubstr("write the issuer exactly"));
}

TEST(Discovery, AJwksUriWithoutTlsIsRefusedUnlessTheIssuerIsOnThisMachineToo) {
  const auto metadata = [](const string& issuer, const string& uri) {
    return R"({"issuer":")" + issuer + R"(","jwks_uri":")" + uri + R"("})";
  };
  const string id = "https://id.example.com/";
  EXPECT_THAT(uri_in(metadata(id, "http://id.example.com/k")), HasSubstr("uses http"));
  EXPECT_THAT(uri_in(metadata(id, "http://127.0.0.1/k")), HasSubstr("without TLS"));
  EXPECT_THAT(uri_in(metadata(id, "file:///etc/passwd")), HasSubstr("has the scheme"));
  EXPECT_EQ(uri_in(metadata("http://127.0.0.1:1", "http://127.0.0.1:1/k"), "http://127.0.0.1:1"),
            "http://127.0.0.1:1/k");
}

TEST(Discovery, GarbageIsRefused) {
  for (const char* metadata :
       {"", "{", "[]", "{}", R"({"issuer":1})", R"({"issuer":"https://id.example.com/"})",
        R"({"issuer":"https://id.example.com/","jwks_uri":1})",
        R"({"issuer":"https://id.example.com/","jwks_uri":""})"}) {
    EXPECT_THAT(uri_in(metadata), HasSubstr("error: ")) << metadata;
  }
}

}  // namespace
}  // namespace carillon::auth
