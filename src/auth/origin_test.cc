#include "auth/origin.h"

#include <gtest/gtest.h>

namespace carillon::auth {
namespace {

using ::std::string;

OriginPolicy policy(const std::vector<string>& origins) {
  auto parsed = OriginPolicy::parse(origins);
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().message);
  return parsed ? *parsed : OriginPolicy{};
}

string origin_refusal(const std::vector<string>& origins) {
  const auto parsed = OriginPolicy::parse(origins);
  return parsed ? "" : parsed.error().message;
}

TEST(OriginPolicy, AStarAdmitsAnyOriginAndNone) {
  const OriginPolicy any = policy({"*"});
  EXPECT_TRUE(any.admits("https://app.example.com", true));
  EXPECT_TRUE(any.admits("null", true));
  EXPECT_TRUE(any.admits("", true));
  EXPECT_TRUE(any.admits("not an origin", true));
  EXPECT_TRUE(any.admits("", false));
}

TEST(OriginPolicy, AnExactOriginAdmitsItselfInAnyCaseAndWithTheDefaultPortWritten) {
  const OriginPolicy app = policy({"https://app.example.com"});
  for (const string header : {"https://app.example.com", "https://app.example.com:443",
                              "HTTPS://APP.EXAMPLE.COM", "https://App.Example.Com"}) {
    EXPECT_TRUE(app.admits(header, true)) << header;
  }
  const OriginPolicy upper = policy({"HTTPS://App.Example.COM:443"});
  EXPECT_TRUE(upper.admits("https://app.example.com", true));
}

TEST(OriginPolicy, LookAlikesAreNotAdmitted) {
  const OriginPolicy app = policy({"https://app.example.com"});
  for (const string header : {
           "http://app.example.com",  // another scheme
           "wss://app.example.com",
           "https://app.example.com:444",  // another port
           "https://app.example.com:80",
           "https://app.example.com:4430",
           "https://app.example.com.",          // trailing dot
           "https://app.example.com.evil.com",  // suffix
           "https://evil.com/app.example.com",  // path
           "https://evil-app.example.com",
           "https://xapp.example.com",   // prefix
           "https://a.app.example.com",  // subdomain
           "https://example.com",        // parent
           "https://app-example.com",
           "https://appXexample.com",
           "https://app.example.co",
           "https://app.example.comm",
           "https://app.example.com@evil.com",  // user
           "https://app.example.com:443@evil.com",
           "https://user@app.example.com",
           "https://user:pass@app.example.com",
           "https://app.example.com/",
           "https://app.example.com/x",
           "https://app.example.com?x",
           "https://app.example.com#x",
           "https://app.example.com\\evil.com",
           "https://app.example.com:",
           "https://app.example.com:0443",
           "https://app.example.com:+443",
           "https://app.example.com:443x",
           "https://app.example.com:65979",  // 443 + 65536
           "https://app.example.com:4294967739",
           "https://app.example.com:0",
           "https://app.example.com: 443",
           "https:/app.example.com",
           "https:app.example.com",
           "//app.example.com",
           "app.example.com",
           "https://",
           "://app.example.com",
           "https",
           "",
           " https://app.example.com",
           "https://app.example.com ",
           "https://app.example.com\t",
           "https://app.example.com https://evil.com",
           "https://evil.com https://app.example.com",
           "https://app.example.com,https://evil.com",
           "https://app.example.com, https://app.example.com",
           "https://\xD0\xB0pp.example.com",  // a Cyrillic a
           "https://xn--pp-7kc.example.com",  // and its Punycode
           "https://app%2Eexample.com",
           "https://app.example.com%00",
           "https://*.example.com",
           "https://*",
           "*",
           "none",
           "null",
           "NULL",
           "file://",
           "data:,x",
           "https://[app.example.com]",
       }) {
    EXPECT_FALSE(app.admits(header, true)) << header;
  }
  EXPECT_FALSE(app.admits(std::string_view("https://app.example.com\0", 24), true));
  EXPECT_FALSE(app.admits(std::string_view("https://app.example.com\0.evil.com", 33), true));
  EXPECT_FALSE(app.admits("https://" + string(100'000, 'a'), true));
}

TEST(OriginPolicy, NullIsAnOriginThatOnlyTheStarAdmits) {
  EXPECT_FALSE(policy({"https://app.example.com", "none"}).admits("null", true));
  EXPECT_NE(origin_refusal({"null"}).find("only [\"*\"] admits it"), string::npos);
}

TEST(OriginPolicy, NoneAdmitsClientsWithoutAnOriginAndNotAnEmptyOne) {
  const OriginPolicy none = policy({"none"});
  EXPECT_TRUE(none.admits("", false));
  EXPECT_FALSE(none.admits("", true));
  EXPECT_FALSE(none.admits("none", true));
  EXPECT_FALSE(none.admits("https://app.example.com", true));
  EXPECT_FALSE(policy({"https://app.example.com"}).admits("", false));
}

TEST(OriginPolicy, SeveralOriginsAndPortsOfTheirOwn) {
  const OriginPolicy several = policy({"http://localhost:3000", "http://127.0.0.1", "http://[::1]:3000",
                                       "capacitor://localhost", "http://[0:0::2]"});
  for (const string header :
       {"http://localhost:3000", "http://127.0.0.1", "http://127.0.0.1:80", "http://[::1]:3000",
        "http://[0:0:0:0:0:0:0:1]:3000", "capacitor://localhost", "http://[::2]:80"}) {
    EXPECT_TRUE(several.admits(header, true)) << header;
  }
  for (const string header :
       {"http://localhost", "http://localhost:3001", "http://[::1]", "http://[::1]:30000", "http://[::1",
        "http://[::1]x:3000", "http://::1:3000", "http://[::1]]:3000", "http://[]", "http://[::1%25lo]:3000",
        "capacitor://localhost:1", "http://127.1"}) {
    EXPECT_FALSE(several.admits(header, true)) << header;
  }
}

TEST(OriginPolicy, AnOriginMayHave512Bytes) {
  for (const std::size_t size : {511U, 512U}) {
    const string origin = "https://" + string(size - 8, 'a');
    EXPECT_TRUE(policy({origin}).admits(origin, true)) << size;
  }
  EXPECT_NE(origin_refusal({"https://" + string(513 - 8, 'a')}), "");
}

TEST(OriginPolicy, WhatCannotBeAnOriginIsRefusedWithWhatToWriteInstead) {
  const std::pair<string, string> rows[] = {
      {"https://app.example.com/", "write \"https://app.example.com\""},
      {"app.example.com", "write \"https://app.example.com\""},
      {"localhost:3000", "write \"https://localhost:3000\""},
      {"https://*.example.com", "list each origin in full"},
      {"https://app.example.com/path", "is not an origin"},
      {"https://user@app.example.com", "is not an origin"},
      {"https://app.example.com:65536", "is not an origin"},
      {"https://app.example.com:0443", "is not an origin"},
      {"https://app.example.com:0", "is not an origin"},
      {"https://b\xC3\xBC"
       "cher.example",
       "is not an origin"},
      {"", "is not an origin"},
  };
  for (const auto& [origin, expected] : rows) {
    EXPECT_NE(origin_refusal({origin}).find(expected), string::npos)
        << origin << ": " << origin_refusal({origin});
  }
  EXPECT_TRUE(OriginPolicy::parse({"https://app.example.com:65535"}));
  EXPECT_NE(origin_refusal({}).find("would admit no client"), string::npos);
  EXPECT_NE(origin_refusal({"*", "https://a.example"}).find("must be the only entry"), string::npos);
  const string both = origin_refusal({"https://a.example/", "nonsense!"});
  EXPECT_NE(both.find("https://a.example"), string::npos);
  EXPECT_NE(both.find("nonsense!"), string::npos);
}

}  // namespace
}  // namespace carillon::auth
