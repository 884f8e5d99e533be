#include "http/request_head.h"

#include <gtest/gtest.h>

#include <string>

#include "http/head_reader.h"

namespace carillon::http {
namespace {

constexpr std::string_view kGood =
    "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

UpgradeCheck check(std::string_view request_line, std::string headers, std::string_view old = "",
                   std::string_view replacement = "") {
  if (!old.empty()) headers.replace(headers.find(old), old.size(), replacement);
  HeadReader reader;
  const auto step = reader.feed(std::string(request_line) + "\r\n" + headers + "\r\n");
  EXPECT_EQ(step.state, HeadState::done) << headers << reader.fault().reason;
  static RequestHead head;  // the key's view points into it
  head = reader.take_head();
  return check_websocket_upgrade(head);
}

UpgradeFault fault_of(std::string_view old, std::string_view replacement) {
  return check("GET /ws HTTP/1.1", std::string(kGood), old, replacement).fault;
}

TEST(Upgrade, AGoodOneGivesItsKey_Rfc6455_4_2_1) {
  const auto good = check("GET /ws HTTP/1.1", std::string(kGood));
  EXPECT_EQ(good.fault, UpgradeFault::none);
  EXPECT_EQ(good.key, "dGhlIHNhbXBsZSBub25jZQ==");
}

TEST(Upgrade, TokensAreFoundInListsAndInAnyCase) {
  EXPECT_EQ(fault_of("Connection: Upgrade", "Connection: keep-alive, upgrade"), UpgradeFault::none);
  EXPECT_EQ(fault_of("Connection: Upgrade", "connection: keep-alive\r\nCONNECTION:UPGRADE"),
            UpgradeFault::none);
  EXPECT_EQ(fault_of("Upgrade: websocket", "upgrade: WebSocket"), UpgradeFault::none);
  EXPECT_EQ(fault_of("Upgrade: websocket", "Upgrade: h2c,websocket"), UpgradeFault::none);
}

TEST(Upgrade, AContentLengthOfZeroIsNoBody) {
  EXPECT_EQ(fault_of("Host: a", "Host: a\r\nContent-Length: 0"), UpgradeFault::none);
  EXPECT_EQ(fault_of("Host: a", "Host: a\r\nContent-Length: 1"), UpgradeFault::has_body);
  EXPECT_EQ(fault_of("Host: a", "Host: a\r\nTransfer-Encoding: chunked"), UpgradeFault::has_body);
}

TEST(Upgrade, RefusesTheRest) {
  EXPECT_EQ(check("POST /ws HTTP/1.1", std::string(kGood)).fault, UpgradeFault::not_get);
  EXPECT_EQ(check("get /ws HTTP/1.1", std::string(kGood)).fault, UpgradeFault::not_get);
  EXPECT_EQ(check("GET /ws HTTP/1.0", std::string(kGood)).fault, UpgradeFault::http_1_0);
  EXPECT_EQ(fault_of("Connection: Upgrade\r\n", ""), UpgradeFault::not_an_upgrade);
  EXPECT_EQ(fault_of("Connection: Upgrade", "Connection: upgrades"), UpgradeFault::not_an_upgrade);
  EXPECT_EQ(fault_of("Upgrade: websocket\r\n", ""), UpgradeFault::not_an_upgrade);
  EXPECT_EQ(fault_of("Upgrade: websocket", "Upgrade: websocket/13"), UpgradeFault::not_an_upgrade);
  EXPECT_EQ(fault_of("Sec-WebSocket-Version: 13\r\n", ""), UpgradeFault::bad_version);
  for (const auto version : {"12", "8", "013", "13, 8", "", "+13"}) {
    EXPECT_EQ(fault_of("Version: 13", "Version: " + std::string(version)), UpgradeFault::bad_version)
        << version;
  }
  EXPECT_EQ(fault_of("Host: a", "Host: a\r\nSec-WebSocket-Version: 13"), UpgradeFault::bad_version);
  EXPECT_EQ(fault_of("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""), UpgradeFault::bad_key);
  EXPECT_EQ(fault_of("dGhlIHNhbXBsZSBub25jZQ==", ""), UpgradeFault::bad_key);
  EXPECT_EQ(fault_of("Host: a", "Host: a\r\nSec-WebSocket-Key: x"), UpgradeFault::bad_key);
}

TEST(Upgrade, EachFaultHasItsStatus) {
  EXPECT_EQ(status_of(UpgradeFault::not_get), 405);
  EXPECT_EQ(status_of(UpgradeFault::not_an_upgrade), 426);
  EXPECT_EQ(status_of(UpgradeFault::bad_version), 426);
  EXPECT_EQ(status_of(UpgradeFault::bad_key), 400);
  EXPECT_EQ(status_of(UpgradeFault::has_body), 400);
  EXPECT_EQ(status_of(UpgradeFault::http_1_0), 400);
  for (int i = 0; i <= static_cast<int>(UpgradeFault::bad_key); ++i) {
    EXPECT_FALSE(describe(static_cast<UpgradeFault>(i)).empty());
  }
}

TEST(RequestHead, CountsAndJoinsHeaders) {
  HeadReader reader;
  reader.feed("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nY: 2\r\nx: 3, 4\r\n\r\n");
  const RequestHead& head = reader.head();
  EXPECT_EQ(head.count("x"), 2u);
  EXPECT_EQ(head.count("z"), 0u);
  EXPECT_EQ(head.joined("X"), "1, 3, 4");
  EXPECT_EQ(head.header("X"), "1");
  EXPECT_TRUE(head.has_token("X", "4"));
  EXPECT_FALSE(head.has_token("X", "2"));
  EXPECT_FALSE(head.has_token("X", ""));
}

TEST(RequestHead, TrimsAndComparesLikeHttp) {
  EXPECT_EQ(trimmed(" \ta b\t "), "a b");
  EXPECT_EQ(trimmed(" \t"), "");
  EXPECT_TRUE(equal_ignoring_case("HoSt", "hOsT"));
  EXPECT_FALSE(equal_ignoring_case("Host", "Hos"));
  EXPECT_FALSE(equal_ignoring_case("@", "`"));
}

}  // namespace
}  // namespace carillon::http
