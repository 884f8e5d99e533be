#include "loadgen/address.h"

#include <gtest/gtest.h>

namespace carillon::loadgen {
namespace {

TEST(Url, IsTakenApart) {
  const auto url = parse_url("ws://127.0.0.1:8000/ws?types=a", "URL");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "ws");
  EXPECT_EQ(url->host, "127.0.0.1");
  EXPECT_EQ(url->port, 8000);
  EXPECT_EQ(url->target, "/ws?types=a");
  EXPECT_EQ(url->host_header(), "127.0.0.1:8000");
}

TEST(Url, HasDefaults) {
  EXPECT_EQ(parse_url("HTTP://host", "URL")->port, 80);
  EXPECT_EQ(parse_url("http://host", "URL")->target, "/");
  EXPECT_EQ(parse_url("http://host?x=1", "URL")->target, "/?x=1");
  EXPECT_EQ(parse_url("redis://host", "URL")->port, 6379);
  EXPECT_EQ(parse_url("nats://host", "URL")->port, 4222);
}

TEST(Url, KnowsIpv6) {
  const auto url = parse_url("ws://[::1]:8000/ws", "URL");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 8000);
  EXPECT_EQ(url->host_header(), "[::1]:8000");
}

TEST(Url, NamesTheWrongOptionAndRepeatsNothing) {
  for (const char* text : {"", "host", "://x", "ws://", "ws://:1", "ws://h:0", "ws://h:65536", "ws://h:8x",
                           "ws://[::1", "ws://secret@h", "ws://h/a b"}) {
    const auto url = parse_url(text, "--publish");
    ASSERT_FALSE(url) << text;
    EXPECT_TRUE(url.error().message.starts_with("--publish must look like")) << url.error().message;
    EXPECT_EQ(url.error().message.find("secret"), std::string::npos);
  }
}

TEST(Resolve, PrefersIpv4) {
  const auto address = resolve("localhost", 80);
  ASSERT_TRUE(address);
  EXPECT_EQ(address->family(), AF_INET);
  EXPECT_TRUE(address->is_ipv4_loopback());
}

TEST(Resolve, KnowsNumericAddresses) {
  EXPECT_EQ(resolve("::1", 80)->family(), AF_INET6);
  EXPECT_FALSE(resolve("::1", 80)->is_ipv4_loopback());
  EXPECT_FALSE(resolve("192.0.2.1", 80)->is_ipv4_loopback());
}

}  // namespace
}  // namespace carillon::loadgen
