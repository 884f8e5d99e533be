// Clients behind proxies: limits and logs use the address in a header or in the PROXY protocol, and only if a
// trusted proxy sent it.
#include <gtest/gtest.h>

#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kProxy = "10.0.0.1";

std::string proxied(std::string_view client_address,
                    std::string_view lines = "limits.connections_per_ip = 1\n") {
  return "server.trusted_proxies = [\"10.0.0.0/8\"]\nserver.client_address = \"" +
         std::string(client_address) + "\"\n" + std::string(kOrion) + std::string(lines);
}
std::string upgrade_with(std::string_view header) {
  return get("/ws?token=" + token_with(R"({"sub":"alice"})"),
             std::string(kUpgradeHeaders) + std::string(header) + "\r\n");
}
std::string status_to_proxied(const Answer& answer) { return answer.head.substr(9, 3); }

TEST(BehindAProxy, TheHeaderOfATrustedProxyNamesTheClient) {
  ShardStage stage(proxied("x-forwarded-for"));
  const std::string proxy(kProxy);
  stage.open(upgrade_with("X-Forwarded-For: 192.0.2.1"), proxy);
  stage.open(upgrade_with("X-Forwarded-For: 192.0.2.1, 192.0.2.2"), proxy);
  EXPECT_EQ(
      status_to_proxied(stage.ask(upgrade_with("X-Forwarded-For: 9.9.9.9, 192.0.2.1, 10.9.9.9"), proxy)),
      "503");
  stage.open(upgrade_with("X-Forwarded-For: 192.0.2.3"), "10.0.0.2");
  EXPECT_EQ(stage.open_connections(), 3U);
}

TEST(BehindAProxy, TheHeaderOfAnUntrustedPeerIsIgnored) {
  ShardStage stage(proxied("x-forwarded-for"));
  stage.open(upgrade_with("X-Forwarded-For: 192.0.2.1"), "203.0.113.5");
  EXPECT_EQ(status_to_proxied(stage.ask(upgrade_with("X-Forwarded-For: 192.0.2.2"), "203.0.113.5")), "503");
  stage.open(upgrade_with("X-Forwarded-For: 192.0.2.1"), std::string(kProxy));
}

TEST(BehindAProxy, ClientAddressPeerReadsNoHeader) {
  ShardStage stage(std::string(kOrion) + "limits.connections_per_ip = 1\n");
  stage.open(upgrade_with("X-Forwarded-For: 192.0.2.1"), std::string(kProxy));
  EXPECT_EQ(status_to_proxied(stage.ask(upgrade_with("X-Forwarded-For: 192.0.2.2"), std::string(kProxy))),
            "503");
}

TEST(BehindAProxy, ForwardedIsReadWithClientAddressForwarded) {
  ShardStage stage(proxied("forwarded", "limits.accepts_per_ip = 1\n"));
  const std::string proxy(kProxy);
  stage.open(upgrade_with("Forwarded: for=\"[2001:db8::1]:4711\";proto=https"), proxy);
  EXPECT_EQ(status_to_proxied(stage.ask(upgrade_with("Forwarded: for=\"[2001:db8::2]\""), proxy)), "429")
      << "one /64";
  stage.open(upgrade_with("Forwarded: for=192.0.2.1\r\nX-Forwarded-For: 2001:db8::1"), proxy);
}

TEST(BehindAProxy, AnUnreadableHeaderCountsAsTheProxyItself) {
  ShardStage stage(proxied("x-forwarded-for"));
  const std::string proxy(kProxy);
  stage.open(upgrade_with("X-Forwarded-For: garbage"), proxy);
  EXPECT_EQ(stage.shard->counters().forwarded_malformed.get(), 1U);
  EXPECT_EQ(status_to_proxied(stage.ask(upgrade_with("X-Forwarded-For: unknown"), proxy)), "503");
  EXPECT_EQ(status_to_proxied(stage.ask(upgrade_with("X-Other: 1"), proxy)), "503");
  EXPECT_EQ(stage.shard->counters().forwarded_malformed.get(), 1U) << "hidden or absent is not malformed";
}

TEST(BehindAProxy, EachRequestOfAKeptAliveConnectionHasItsOwnClient) {
  ShardStage stage(proxied("x-forwarded-for"));
  const int fd = stage.connect(std::string(kProxy));
  stage.send(fd, "GET /now HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n");
  stage.send(fd, "GET /none HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.2\r\n\r\n");
  ASSERT_EQ(stage.log.lines.size(), 1U);
  EXPECT_NE(stage.log.lines[0].find("address=192.0.2.2"), std::string::npos) << stage.log.lines[0];
  const int other = stage.connect(std::string(kProxy));
  stage.send(other, "GET /now HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n");
  stage.run_for(seconds(1));
  stage.send(other, "garbage\r\n\r\n");
  EXPECT_NE(stage.log.lines.back().find("address=10.0.0.1"), std::string::npos) << stage.log.lines.back();
}

// --- the PROXY protocol -------------------------------------------------------------------------

struct ProxyStage : ShardStage {
  explicit ProxyStage(std::string_view lines = "limits.connections_per_ip = 1\n")
      : ShardStage(
            "server.trusted_proxies = [\"10.0.0.0/8\"]\n"
            "server.listen = { addr = \"127.0.0.1:0\", proxy_protocol = \"on\" }\n" +
            std::string(kOrion) + std::string(lines)) {
    options.proxy_protocol = config::ProxyProtocol::on;
  }
  Answer ask_as(std::string_view header, std::string_view request, std::string_view peer = kProxy) {
    return ask(std::string(header) + std::string(request), std::string(peer));
  }
};

constexpr std::string_view kFirst = "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n";
constexpr std::string_view kFirstBinary =
    "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\1\xc6\x33\x64\7\xdc\x04\1\xbb"sv;
constexpr std::string_view kSecond = "PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n";
constexpr std::string_view kLocal = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"sv;

TEST(ProxyProtocol, TheAddressItNamesIsTheClient) {
  ProxyStage stage;
  EXPECT_EQ(status_to_proxied(stage.ask_as(kFirst, orion_upgrade())), "101");
  EXPECT_EQ(status_to_proxied(stage.ask_as(kFirstBinary, orion_upgrade())), "503") << "the same client";
  EXPECT_EQ(status_to_proxied(stage.ask_as(kSecond, orion_upgrade())), "101");
  EXPECT_EQ(status_to_proxied(stage.ask_as(kLocal, orion_upgrade())), "101") << "the proxy itself";
  EXPECT_EQ(status_to_proxied(stage.ask_as("PROXY UNKNOWN\r\n", orion_upgrade())), "503") << "again";
  EXPECT_EQ(stage.all_refusals(), 2U);
}

TEST(ProxyProtocol, MayBeCutAnywhere) {
  ProxyStage stage("");
  for (const std::string_view header : {kFirst, kFirstBinary}) {
    const std::string bytes = std::string(header) + orion_upgrade();
    for (std::size_t cut = 1; cut < header.size() + 2; ++cut) {
      const int fd = stage.connect(std::string(kProxy));
      stage.send(fd, bytes.substr(0, cut));
      stage.send(fd, bytes.substr(cut));
      EXPECT_EQ(stage.take_received(fd).substr(9, 3), "101") << cut;
      stage.reset(fd);
    }
    const int fd = stage.connect(std::string(kProxy));
    for (const char byte : bytes) stage.send(fd, {&byte, 1});
    EXPECT_EQ(stage.take_received(fd).substr(9, 3), "101");
    stage.reset(fd);
  }
  stage.expect_nothing_left();
}

TEST(ProxyProtocol, AnUntrustedPeerIsClosedBeforeItIsRead) {
  ProxyStage stage;
  const Answer answer = stage.ask_as("", "", "203.0.113.5");
  EXPECT_EQ(answer.head, "");
  EXPECT_TRUE(stage.was_closed(stage.last_fd));
  EXPECT_EQ(stage.refusals(RefusalReason::proxy_header), 1U);
  ASSERT_EQ(stage.log.lines.size(), 1U);
  EXPECT_EQ(stage.log.lines[0],
            "request refused reason=proxy_header endpoint= target=(not a path) address=203.0.113.5 "
            "detail=not a trusted proxy");
}

TEST(ProxyProtocol, ATrustedProxyWithoutTheHeaderIsClosed) {
  ProxyStage stage;
  for (const std::string_view bytes : {"GET / HTTP/1.1\r\nHost: x\r\n\r\n"sv, "\x16\x03\x01\x02"sv,
                                       "PROXY TCP4 x\r\n"sv, "\r\n\r\n\0\r\nQUIT\n\x31\x11"sv}) {
    const std::uint64_t before = stage.refusals(RefusalReason::proxy_header);
    const std::string padded = std::string(bytes) + std::string(20, 'x');
    EXPECT_EQ(stage.ask_as("", padded).head, "");
    EXPECT_TRUE(stage.was_closed(stage.last_fd));
    EXPECT_EQ(stage.refusals(RefusalReason::proxy_header), before + 1);
  }
  EXPECT_EQ(stage.all_refusals(), 4U);
  stage.expect_nothing_left();
}

TEST(ProxyProtocol, HasTheHandshakeTimeoutWhichMoreBytesDoNotExtend) {
  ProxyStage stage;
  const int fd = stage.connect(std::string(kProxy));
  for (int i = 0; i < 4; ++i) {
    stage.send(fd, kFirst.substr(static_cast<std::size_t>(i), 1));
    stage.run_for(seconds(1));
  }
  EXPECT_TRUE(stage.sockets[fd].is_open());
  stage.run_for(milliseconds(1100));
  EXPECT_TRUE(stage.was_closed(fd));
  EXPECT_EQ(stage.refusals(RefusalReason::handshake_timeout), 1U);
  const int later = stage.connect(std::string(kProxy));
  stage.run_for(seconds(4));
  stage.send(later, kFirst);
  stage.run_for(milliseconds(1100));
  EXPECT_EQ(stage.take_received(later).substr(9, 3), "408") << "the head's time is what the header left";
}

TEST(ProxyProtocol, AHealthCheckThatOnlyConnectsIsNotARefusal) {
  ProxyStage stage;
  const int fd = stage.connect(std::string(kProxy));
  stage.end(fd);
  EXPECT_TRUE(stage.was_closed(fd));
  const int other = stage.connect(std::string(kProxy));
  stage.reset(other);
  EXPECT_EQ(stage.all_refusals(), 0U);
  stage.expect_nothing_left();
}

TEST(ProxyProtocol, ItsClientMayBeATrustedProxyItself) {
  ShardStage stage(
      "server.trusted_proxies = [\"10.0.0.0/8\"]\nserver.client_address = \"x-forwarded-for\"\n"
      "server.listen = { addr = \"127.0.0.1:0\", proxy_protocol = \"on\" }\n" +
      std::string(kOrion) + "limits.connections_per_ip = 1\n");
  stage.options.proxy_protocol = config::ProxyProtocol::on;
  const std::string inner =
      "PROXY TCP4 10.0.0.9 10.0.0.1 1 2\r\n" + upgrade_with("X-Forwarded-For: 192.0.2.1");
  const std::string outer =
      "PROXY TCP4 203.0.113.5 10.0.0.1 1 2\r\n" + upgrade_with("X-Forwarded-For: 192.0.2.1");
  EXPECT_EQ(status_to_proxied(stage.ask(inner, "10.0.0.1")), "101");
  EXPECT_EQ(status_to_proxied(stage.ask(inner, "10.0.0.1")), "503");
  EXPECT_EQ(status_to_proxied(stage.ask(outer, "10.0.0.1")), "101")
      << "a client's own header is not believed";
}

}  // namespace
}  // namespace carillon::gateway::testing
