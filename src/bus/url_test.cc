#include "bus/url.h"

#include <gtest/gtest.h>

#include <tuple>

namespace carillon::bus {
namespace {

struct Good {
  std::string text;
  Scheme scheme;
  std::string host;
  std::uint16_t port;
  std::uint32_t database;
  std::string user;
  std::string password;
  std::string display;
};

TEST(BusUrl, TakesApartWhatItKnows) {
  const Good table[] = {
      {"memory:", Scheme::memory, "", 6379, 0, "", "", "memory:"},
      {"redis://h", Scheme::redis, "h", 6379, 0, "", "", "redis://h:6379"},
      {"redis://127.0.0.1:7000", Scheme::redis, "127.0.0.1", 7000, 0, "", "", "redis://127.0.0.1:7000"},
      {"redis://h/", Scheme::redis, "h", 6379, 0, "", "", "redis://h:6379"},
      {"redis://h:1/3", Scheme::redis, "h", 1, 3, "", "", "redis://h:1/3"},
      {"redis://h:65535", Scheme::redis, "h", 65535, 0, "", "", "redis://h:65535"},
      {"rediss://user:pass@h.example:1", Scheme::rediss, "h.example", 1, 0, "user", "pass",
       "rediss://h.example:1"},
      {"redis://:pass@h", Scheme::redis, "h", 6379, 0, "", "pass", "redis://h:6379"},
      {"redis://u%40x:p%3A%2F%25%00z@h", Scheme::redis, "h", 6379, 0, "u@x", std::string("p:/%\0z", 6),
       "redis://h:6379"},
      {"redis://u:p@ss:w@h", Scheme::redis, "h", 6379, 0, "u", "p@ss:w", "redis://h:6379"},
      {"redis://@h", Scheme::redis, "h", 6379, 0, "", "", "redis://h:6379"},
      {"redis://[::1]:7/2", Scheme::redis, "::1", 7, 2, "", "", "redis://[::1]:7/2"},
      {"rediss://:p@[fe80::1]", Scheme::rediss, "fe80::1", 6379, 0, "", "p", "rediss://[fe80::1]:6379"},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.text);
    const auto url = parse_bus_url(row.text);
    ASSERT_TRUE(url) << url.error().message;
    EXPECT_EQ(url->scheme, row.scheme);
    EXPECT_EQ(std::tie(url->host, url->port, url->database, url->user),
              std::tie(row.host, row.port, row.database, row.user));
    EXPECT_EQ(url->password.reveal(), row.password);
    EXPECT_EQ(url->display(), row.display);
  }
}

TEST(BusUrl, RefusesTheRestAndNeverRepeatsWhatMayBeAPassword) {
  const std::string table[] = {
      "",
      "memory",
      "memory://",
      "hunter2",
      "hunter2@host",
      "user:hunter2@host:6379",
      "nats://user:hunter2@host",
      "redis:hunter2@host",
      "redis://",
      "redis:///1",
      "redis://:hunter2@",
      "redis://hunter2@host",
      "redis://user:@host",
      "redis://:hun/ter2@host",
      "redis://:hunter2/@host:1",
      "redis://:hunter2?@host",
      "redis://:hunter2#@host",
      "redis://:hunter2%@host",
      "redis://:hunter2%4@host",
      "redis://:hunter2%zz@host",
      "redis://host:hunter2",
      "redis://host:",
      "redis://host:0",
      "redis://host:65536",
      "redis://host:-1",
      "redis://host:+1",
      "redis://host:1x",
      "redis://host:99999999999",
      "redis://host/x",
      "redis://host/1/2",
      "redis://host/-1",
      "redis://host/1000001",
      "redis://host?db=hunter2",
      "redis://ho st",
      "redis://hunter2\r\nhost",
      "redis://[::1",
      "redis://[]",
      "redis://[hunter2]",
      "redis://[::1]1",
      "redis://" + std::string(kUrlBytesMax - 7, 'h'),
  };
  for (const auto& text : table) {
    SCOPED_TRACE(text);
    const auto url = parse_bus_url(text);
    ASSERT_FALSE(url);
    EXPECT_EQ(url.error().message.find("hun"), std::string::npos) << url.error().message;
    EXPECT_EQ(url.error().message.find("ter2"), std::string::npos) << url.error().message;
    EXPECT_NE(url.error().message.find("write memory:, redis://"), std::string::npos) << url.error().message;
  }
  EXPECT_TRUE(parse_bus_url("redis://" + std::string(kUrlBytesMax - 8, 'h')));
}

}  // namespace
}  // namespace carillon::bus
