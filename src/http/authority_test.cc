#include "http/authority.h"

#include <gtest/gtest.h>

#include <string>

namespace carillon::http {
namespace {

TEST(Authority, IsAHostAndPerhapsAPort_Rfc9110_7_2) {
  const auto port_of = [](std::string_view text) {
    const auto parsed = parse_authority(text);
    EXPECT_TRUE(parsed) << text;
    return parsed && parsed->port ? static_cast<int>(*parsed->port) : -1;
  };
  EXPECT_EQ(port_of("a.example"), -1);
  EXPECT_EQ(port_of("a.example:80"), 80);
  EXPECT_EQ(port_of("a.example:"), -1);
  EXPECT_EQ(port_of("a.example:0080"), 80);
  EXPECT_EQ(port_of("[::1]"), -1);
  EXPECT_EQ(port_of("[2001:db8::1]:8443"), 8443);
  EXPECT_EQ(port_of("127.0.0.1:65534"), 65534);
  EXPECT_EQ(port_of("127.0.0.1:65535"), 65535);
  EXPECT_EQ(port_of("caf%C3%A9.example"), -1);
  EXPECT_EQ(parse_authority("[::1]:8000")->host, "[::1]");
  EXPECT_EQ(parse_authority("a:8000")->host, "a");
}

// Regression: `Host: x:bc` and `Host: [::1` were taken for hosts.
TEST(Authority, RefusesWhatIsNoHostOrNoPort_Rfc9110_7_2) {
  for (const std::string_view text : {"",
                                      ":80",
                                      "x:bc",
                                      "x:80:80",
                                      "x:-1",
                                      "x:+1",
                                      "x: 80",
                                      "x:65536",
                                      "x:99999999999999999999",
                                      "[::1",
                                      "::1]",
                                      "[::1]x",
                                      "[::1]:b",
                                      "[::1]80",
                                      "[]",
                                      "[]:80",
                                      "[:",
                                      "[1]",
                                      "[127.0.0.1]",
                                      "[v1.a]",
                                      "[fe80::1%25eth0]",
                                      "[::1%0]",
                                      "[g::1]",
                                      "a[::1]",
                                      "::1",
                                      "a]",
                                      "a%",
                                      "a%4",
                                      "a%zz",
                                      "a@b",
                                      "a,b",
                                      "a b",
                                      "a/b",
                                      "a?b",
                                      "a#b",
                                      "a\\b",
                                      "a\x01",
                                      "\xC3\xA9"}) {
    EXPECT_FALSE(parse_authority(text)) << text;
  }
}

}  // namespace
}  // namespace carillon::http
