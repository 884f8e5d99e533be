#include "api/cross_site.h"

#include <gtest/gtest.h>

#include "http/head_reader.h"

namespace carillon::api {
namespace {

class CrossSite : public ::testing::Test {
 protected:
  bool is_from_another_site(std::string_view host, std::string_view headers,
                            std::string_view target = "/hook") {
    http::HeadReader reader;
    const auto step = reader.feed("POST " + std::string(target) + " HTTP/1.1\r\nHost: " + std::string(host) +
                                  "\r\n" + std::string(headers) + "\r\n");
    EXPECT_EQ(step.state, http::HeadState::done) << headers;
    return api::is_from_another_site(reader.head(), allowed);
  }
  auth::OriginPolicy allowed;
};

TEST_F(CrossSite, ARequestWithoutTheHeadersIsOurOwn) {
  EXPECT_FALSE(is_from_another_site("localhost:3000", ""));
  EXPECT_FALSE(is_from_another_site("", ""));
}

TEST_F(CrossSite, AnOriginIsOurOwnByHostAndPort) {
  const auto from = [&](std::string_view host, const char* origin) {
    return is_from_another_site(host, "Origin: " + std::string(origin) + "\r\n");
  };
  EXPECT_FALSE(from("localhost:3000", "http://localhost:3000"));
  EXPECT_FALSE(from("LocalHost:3000", "https://localHOST:3000")) << "TLS may end at a proxy";
  EXPECT_FALSE(from("a.example", "https://a.example"));
  EXPECT_FALSE(from("a.example:443", "https://a.example"));
  EXPECT_FALSE(from("a.example", "http://a.example:80"));
  EXPECT_FALSE(from("[::1]:8000", "http://[::1]:8000"));
  EXPECT_TRUE(from("a.example", "https://evil.example"));
  EXPECT_TRUE(from("a.example", "https://a.example.evil.example"));
  EXPECT_TRUE(from("a.example", "https://b.a.example"));
  EXPECT_TRUE(from("localhost:3000", "http://localhost:3001"));
  EXPECT_TRUE(from("localhost:3000", "http://localhost"));
  EXPECT_TRUE(from("a.example:443", "http://a.example"));
  EXPECT_TRUE(from("a.example", "null")) << "a sandboxed page";
  EXPECT_TRUE(from("a.example", ""));
  EXPECT_TRUE(from("a.example", "chrome-extension://a.example"));
  EXPECT_TRUE(from("a.example", "https://a.example/x"));
  EXPECT_TRUE(from("a.example", "https://x@a.example"));
  EXPECT_TRUE(from("", "https://evil.example"));
  EXPECT_TRUE(is_from_another_site("a", "Origin: http://a\r\nOrigin: http://a\r\n"));
}

TEST_F(CrossSite, AnAbsoluteTargetNamesTheHost_Rfc9112_3_2_2) {
  EXPECT_FALSE(is_from_another_site("b", "Origin: http://a:8000\r\n", "http://a:8000/hook"));
  EXPECT_TRUE(is_from_another_site("b", "Origin: http://b\r\n", "http://a:8000/hook"));
}

TEST_F(CrossSite, SecFetchSiteIsBelieved) {
  EXPECT_TRUE(is_from_another_site("a", "Sec-Fetch-Site: cross-site\r\n"));
  EXPECT_TRUE(is_from_another_site("a", "Sec-Fetch-Site: Cross-Site\r\n"));
  EXPECT_TRUE(is_from_another_site("a", "Origin: http://a\r\nSec-Fetch-Site: cross-site\r\n"));
  EXPECT_TRUE(is_from_another_site("a", "Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n"));
  for (const char* site : {"same-origin", "none", "same-site"}) {
    EXPECT_FALSE(is_from_another_site("a", "Sec-Fetch-Site: " + std::string(site) + "\r\n")) << site;
  }
  EXPECT_TRUE(is_from_another_site("a", "Origin: http://b\r\nSec-Fetch-Site: same-site\r\n"));
}

TEST_F(CrossSite, AListedOriginMayEvenFromAnotherSite) {
  allowed = *auth::OriginPolicy::parse({"https://app.example"});
  EXPECT_FALSE(is_from_another_site("a", "Origin: https://app.example\r\nSec-Fetch-Site: cross-site\r\n"));
  EXPECT_FALSE(is_from_another_site("a", "Origin: http://a\r\n")) << "and our own still may";
  EXPECT_TRUE(is_from_another_site("a", "Origin: https://evil.example\r\n"));
  EXPECT_TRUE(is_from_another_site("a", "Sec-Fetch-Site: cross-site\r\n"));
  EXPECT_FALSE(is_from_another_site("a", ""));
  allowed = *auth::OriginPolicy::parse({"*"});
  EXPECT_FALSE(is_from_another_site("a", "Origin: null\r\nSec-Fetch-Site: cross-site\r\n"));
}

}  // namespace
}  // namespace carillon::api
