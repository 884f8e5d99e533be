// The addresses that key sets may be fetched from.
#include "config/key_set_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carillon::config {
namespace {

using ::testing::HasSubstr;

std::string fault_of(std::string_view url) {
  const auto parsed = parse_key_set_url(url);
  return parsed ? "" : parsed.error().message;
}

TEST(KeySetUrl, HttpsIsAcceptedAndHttpOnlyOnLoopback) {
  for (const char* url : {"https://id.example.com", "https://id.example.com/keys?v=1",
                          "https://id.example.com:8443/k", "https://[2001:db8::1]/k", "http://localhost:1/k",
                          "http://127.0.0.1:8080/k", "http://[::1]:8080/k", "http://127.1.2.3/k"}) {
    EXPECT_EQ(fault_of(url), "") << url;
  }
  for (const char* url : {"http://id.example.com/k", "http://10.0.0.1/k", "http://localhost.example.com/k",
                          "http://[::2]/k", "http://127.0.0.1.example.com/k"}) {
    EXPECT_THAT(fault_of(url), HasSubstr("uses http")) << url;
  }
}

TEST(KeySetUrl, WhatIsNoUrlOrCouldHideTheHostIsRefused) {
  for (const char* url : {"", "id.example.com/keys", "//id.example.com", "https:/id.example.com",
                          "https://a b/", "https://a\n/", "https://a\\@b/", "file:///etc/passwd", "ftp://a/",
                          "HTTPS://a/", "https:///k", "https://a:0/", "https://a:65536/", "https://[::1/",
                          "https://user@a/", "https://user:pw@a/", "https://a/#x"}) {
    EXPECT_NE(fault_of(url), "") << url;
  }
}

TEST(KeySetUrl, IsRefusedAbove2048Bytes) {
  const std::string begin = "https://a/";
  const auto of_bytes = [&](std::size_t bytes) { return begin + std::string(bytes - begin.size(), 'x'); };
  EXPECT_EQ(fault_of(of_bytes(2047)), "");
  EXPECT_EQ(fault_of(of_bytes(2048)), "");
  EXPECT_THAT(fault_of(of_bytes(2049)), HasSubstr("is 2049 bytes long"));
}

TEST(KeySetUrl, ServersAreComparedBySchemeHostAndPort) {
  const auto server = [](std::string_view url) { return *parse_key_set_url(url); };
  EXPECT_EQ(server("https://ID.example.com/a"), server("https://id.example.com:443/b"));
  EXPECT_NE(server("https://id.example.com/a"), server("https://id.example.com:8443/a"));
  EXPECT_NE(server("https://id.example.com/a"), server("https://id.example.com.evil.example/a"));
  EXPECT_NE(server("http://127.0.0.1/a"), server("https://127.0.0.1/a"));
}

}  // namespace
}  // namespace carillon::config
