// Connections to a TLS address that send no TLS, or invalid TLS, are refused under one reason.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/testing/tls_stage.h"

namespace carillon::gateway::testing {
namespace {

using ::testing::HasSubstr;

TEST(Tls, GarbageIsRefusedUnderItsOwnReasonAndClosedCleanly) {
  TlsStage stage;
  const std::pair<std::string, std::string> cases[] = {
      {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "plain HTTP was sent to an address with TLS"},
      {"garbage that is no record at all", "wrong version number"},
  };
  std::uint64_t refused = 0;
  for (const auto& [bytes, why] : cases) {
    const int fd = stage.connect();
    stage.send(fd, bytes);
    EXPECT_EQ(stage.refusals(RefusalReason::tls_handshake), ++refused);
    EXPECT_EQ(stage.all_refusals(), refused);
    EXPECT_TRUE(stage.sockets[fd].shut_down);
    EXPECT_THAT(stage.log.lines.back(), HasSubstr("reason=tls_handshake"));
    EXPECT_THAT(stage.log.lines.back(), HasSubstr(why));
    stage.send(fd, "and more of it");
    stage.end(fd);
    EXPECT_TRUE(stage.was_closed(fd));
    stage.run_for(seconds(1));
  }
  stage.expect_nothing_left();
}

TEST(Tls, AnOldVersionIsRefusedWithAnAlert) {
  TlsStage stage;
  const int fd = stage.connect_tls({.lowest = TLS1_1_VERSION, .highest = TLS1_1_VERSION});
  EXPECT_FALSE(stage.client(fd).is_open());
  EXPECT_TRUE(stage.client(fd).failed);
  EXPECT_EQ(stage.refusals(RefusalReason::tls_handshake), 1U);
  close_all(stage);
}

TEST(Tls, ASlowHandshakeIsClosedAfterTheHandshakeTimeout) {
  TlsStage stage;
  const int silent = stage.connect();
  const int drips = stage.connect();
  const std::string flight = reactor::TlsMemoryClient().start();
  for (std::size_t i = 0; i < 9; ++i) {
    stage.run_for(milliseconds(500));
    stage.send(drips, flight.substr(i, 1));
  }
  EXPECT_EQ(stage.all_refusals(), 0U);
  stage.run_for(seconds(1));
  EXPECT_EQ(stage.refusals(RefusalReason::handshake_timeout), 2U);
  EXPECT_EQ(stage.take_received(silent), "") << "no HTTP for one that could not read it";
  stage.run_for(seconds(3));
  EXPECT_TRUE(stage.was_closed(silent));
  EXPECT_TRUE(stage.was_closed(drips));
  stage.expect_nothing_left();
}

TEST(Tls, AHeadThatDoesNotArriveAfterTheHandshakeIsAnswered408) {
  TlsStage stage;
  const int fd = stage.connect_tls();
  stage.run_for(seconds(6));
  EXPECT_EQ(split_answer(stage.take_decrypted(fd)).head.substr(0, 12), "HTTP/1.1 408");
  EXPECT_TRUE(stage.client(fd).got_end);
  close_all(stage);
}

// --- too many from one address -------------------------------------------------------------------

constexpr std::string_view kThreeHandshakes =
    "server.shards = 1\nserver.tls_handshakes_per_ip = 3\nserver.trusted_proxies = [\"192.0.2.9\"]\n";

int begin_handshake(TlsStage& stage, const std::string& address) {
  const int fd = stage.connect(address);
  stage.clients[fd] = std::make_unique<reactor::TlsMemoryClient>();
  stage.send(fd, stage.client(fd).start());
  return fd;
}

TEST(Tls, ReplayedClientHellosOfOneAddressAreClosedBeyondTheLimit) {
  TlsStage stage(std::string(kThreeHandshakes) + std::string(kOrion));
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(stage.sockets[begin_handshake(stage, "192.0.2.1")].received.empty()) << i;
  }
  const int refused = begin_handshake(stage, "192.0.2.1");
  EXPECT_TRUE(stage.was_closed(refused));
  EXPECT_EQ(stage.sockets[refused].received, "");
  EXPECT_EQ(stage.refusals(RefusalReason::tls_handshake_rate), 1U);
  EXPECT_FALSE(stage.sockets[begin_handshake(stage, "192.0.2.2")].received.empty()) << "another address";
  stage.run_for(seconds(10));
  EXPECT_FALSE(stage.sockets[begin_handshake(stage, "192.0.2.1")].received.empty()) << "the next window";
  close_all(stage);
}

TEST(Tls, HandshakesOfLoopbackAndOfTrustedProxiesAreNotCounted) {
  TlsStage stage(std::string(kThreeHandshakes) + std::string(kOrion));
  for (const auto* address : {"127.0.0.1", "::1", "192.0.2.9"}) {
    for (int i = 0; i < 10; ++i) begin_handshake(stage, address);
  }
  EXPECT_EQ(stage.refusals(RefusalReason::tls_handshake_rate), 0U);
  close_all(stage);
}

// Four handshakes at once for a rate of two: the upgrades among them that are over the rate get their 503.
TEST(Tls, HandshakesOverTwiceTheAcceptRateOfTheProcessAreClosedBeforeTheirs) {
  TlsStage stage("server.accepts_rate = 2\nserver.trusted_proxies = [\"192.0.2.9\"]\n" + std::string(kOrion));
  const auto address = [](int i) { return "198.51.100." + std::to_string(i); };
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(stage.sockets[begin_handshake(stage, address(i))].received.empty()) << i;
  }
  const int refused = begin_handshake(stage, address(4));
  EXPECT_TRUE(stage.was_closed(refused));
  EXPECT_EQ(stage.sockets[refused].received, "");
  EXPECT_EQ(stage.refusals(RefusalReason::process_accept_rate), 1U);
  EXPECT_EQ(stage.all_refusals(), 1U);
  for (const auto* peer : {"127.0.0.1", "::1", "192.0.2.9"}) {
    EXPECT_FALSE(stage.sockets[begin_handshake(stage, peer)].received.empty()) << peer;
  }
  stage.run_for(milliseconds(249));
  EXPECT_EQ(stage.sockets[begin_handshake(stage, address(5))].received, "");
  stage.run_for(milliseconds(1));
  EXPECT_FALSE(stage.sockets[begin_handshake(stage, address(6))].received.empty());
  close_all(stage);
}

TEST(Tls, BehindAProxyProtocolHeaderTheClientsAddressIsCounted) {
  TlsStage stage(std::string(kThreeHandshakes) + std::string(kOrion));
  stage.options.proxy_protocol = config::ProxyProtocol::on;
  const auto knock = [&](const std::string& client) {
    const int fd = stage.connect("192.0.2.9");
    stage.clients[fd] = std::make_unique<reactor::TlsMemoryClient>();
    stage.send(fd, "PROXY TCP4 " + client + " 192.0.2.1 1 2\r\n" + stage.client(fd).start());
    return fd;
  };
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(stage.sockets[knock("198.51.100.7")].is_open());
  EXPECT_TRUE(stage.was_closed(knock("198.51.100.7")));
  EXPECT_TRUE(stage.sockets[knock("198.51.100.8")].is_open());
  close_all(stage);
}

}  // namespace
}  // namespace carillon::gateway::testing
