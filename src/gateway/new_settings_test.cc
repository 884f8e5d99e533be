// New settings while clients are connected.
#include <gtest/gtest.h>

#include <string>

#include "gateway/testing/compiled.h"
#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

using Frames = std::vector<std::string>;

// As Node does it: a post of the loop.
void use_settings(ShardStage& stage, std::string_view toml, bool has_other_auth = true) {
  const Compiled next(toml);
  stage.admission.on_settings_replaced(next.settings.server.connections_max, next.endpoints);
  const NewSettings settings{
      std::make_shared<const config::Settings>(next.settings), next.endpoints.list(), {}, has_other_auth};
  stage.loop.post_always([&stage, settings] { stage.shard->use(settings); });
  stage.settle();
}

TEST(NewSettings, AnOpenClientIsUnderTheNewSettings) {
  ShardStage stage(kEcho);
  const int fd = stage.open(upgrade_of("/echo"));
  use_settings(stage, std::string(kEcho) + "inbound.message_bytes_max = 100\n");
  EXPECT_TRUE(stage.sockets[fd].is_open());
  stage.send(fd, client_frame(websocket::Opcode::text, std::string(100, 'x')));
  EXPECT_EQ(stage.take_frames(fd), Frames{"text " + std::string(100, 'x')});
  stage.send(fd, client_frame(websocket::Opcode::text, std::string(101, 'x')));
  EXPECT_EQ(stage.closes(CloseReason::message_too_large), 1U);
}

TEST(NewSettings, AnOpenClientGoesOnReceivingEvents) {
  ShardStage stage;
  const int fd = stage.open_orion();
  stage.publish("orion.a", "1");
  use_settings(stage, std::string(kOrion) + "lag.bytes_max = \"2MiB\"\n");
  stage.publish("orion.a", "2");
  EXPECT_EQ(stage.take_frames(fd).size(), 2U);
  EXPECT_EQ(stage.all_closes(), 0U);
}

TEST(NewSettings, TheNewLagRuleHoldsForAClientThatIsBehind) {
  ShardStage stage(std::string(kOrion) + "lag.age_max = \"1h\"\nlag.bytes_max = \"16MiB\"\n");
  const int fd = stage.open_orion();
  stage.sockets[fd].capacity = 0;
  stage.publish("orion.a", "1");
  stage.run_for(seconds(20));
  EXPECT_EQ(stage.all_closes(), 0U);
  use_settings(stage, std::string(kOrion) + "lag.age_max = \"10s\"\n");
  stage.run_for(seconds(1));
  EXPECT_EQ(stage.closes(CloseReason::slow_consumer), 1U);
}

TEST(NewSettings, ATokenThatWasVerifiedBeforeIsJudgedByTheNewSettings) {
  ShardStage stage;
  stage.end(stage.open_orion());
  use_settings(stage, std::string(kOrion) + "auth.require_exp = true\n");
  const int fd = stage.connect();
  stage.send(fd, orion_upgrade());
  EXPECT_EQ(stage.refusals(RefusalReason::token_invalid), 1U);
}

// Regression: the deadline of settings that had none was long past.
TEST(NewSettings, ANewTimeoutForPongsBeginsWithTheReplacement) {
  ShardStage stage(std::string(kOrion) + "keepalive.ping = \"10s\"\nkeepalive.timeout = \"off\"\n");
  const int fd = stage.open_orion();
  stage.run_for(seconds(25));
  EXPECT_EQ(stage.take_frames(fd), (Frames{"ping", "ping"}));
  use_settings(stage, std::string(kOrion) + "keepalive.ping = \"10s\"\nkeepalive.timeout = \"15s\"\n");
  stage.run_for(milliseconds(14'000));
  EXPECT_EQ(stage.take_frames(fd), Frames{"ping"});
  EXPECT_EQ(stage.all_closes(), 0U);
  stage.run_for(seconds(30));
  EXPECT_EQ(stage.closes(CloseReason::ping_timeout), 1U);
}

TEST(NewSettings, AClientThatWasNeverPingedIsPingedUnderTheNewSettings) {
  ShardStage stage(std::string(kOrion) + "keepalive.ping = \"off\"\nkeepalive.timeout = \"off\"\n");
  const int fd = stage.open_orion();
  stage.run_for(seconds(60));
  EXPECT_EQ(stage.take_frames(fd), Frames{});
  use_settings(stage, std::string(kOrion) + "keepalive.ping = \"10s\"\nkeepalive.timeout = \"off\"\n");
  stage.run_for(seconds(11));
  EXPECT_EQ(stage.take_frames(fd), Frames{"ping"});
}

TEST(NewSettings, AClientLeavesTheLimitsThatItWasCountedBy) {
  const std::string limited =
      std::string(kOrion) + "limits.connections_per_ip = 5\nlimits.connections_per_user = 5\n";
  ShardStage stage(limited);
  const int counted = stage.open_orion();
  use_settings(stage, kOrion);
  const int uncounted = stage.open_orion();
  stage.end(counted);
  EXPECT_EQ(stage.admission.inside().addresses + stage.admission.inside().users, 0U);
  use_settings(stage, limited);
  stage.end(uncounted);
  stage.expect_nothing_left();
}

TEST(NewSettings, ARateThatIsNewCountsFromTheNextMessage) {
  ShardStage stage(kEcho);
  const int fd = stage.open(upgrade_of("/echo"));
  use_settings(stage, std::string(kEcho) + "inbound.rate.messages = 2\n");
  for (int i = 0; i < 3; ++i) stage.send(fd, client_frame(websocket::Opcode::text, "x"));
  EXPECT_EQ(stage.closes(CloseReason::rate_exceeded), 1U);
}

TEST(NewSettings, OnlyTheSameEndpointsMayTakeTheirPlaces) {
  const auto list = [](std::string_view toml) { return Compiled(toml).endpoints.list(); };
  const auto now = list(kOrion);
  EXPECT_TRUE(EndpointTable::are_the_same(now, list(std::string(kOrion) + "lag.bytes_max = 5000\n")));
  EXPECT_FALSE(EndpointTable::are_the_same(now, list(std::string(kOrion) + std::string(kEcho))));
  EXPECT_FALSE(EndpointTable::are_the_same(now, list(std::string(kOrion) + "name = \"other\"\n")));
  EXPECT_FALSE(EndpointTable::are_the_same(now, list(std::string(kOrion) + "path = \"/other\"\n")));
  EXPECT_FALSE(EndpointTable::are_the_same(now, {}));
}

// Regression: only those who came after the reload were counted, so a user could have twice the limit.
TEST(NewSettings, ANewLimitOfAUserCountsTheOpenConnections) {
  ShardStage stage;
  const int first = stage.open_orion();
  stage.open_orion();
  use_settings(stage, std::string(kOrion) + "limits.connections_per_user = 2\n");
  const int third = stage.connect();
  stage.send(third, orion_upgrade());
  EXPECT_EQ(stage.refusals(RefusalReason::user_full), 1U);
  stage.end(first);
  stage.open_orion();
  EXPECT_EQ(stage.open_connections(), 2U);
  EXPECT_EQ(stage.all_closes(), 1U);
}

TEST(NewSettings, ANewLimitOfAnAddressCountsTheOpenConnections) {
  ShardStage stage;
  const int first = stage.open_orion();
  use_settings(stage, std::string(kOrion) + "limits.connections_per_ip = 1\n");
  const int second = stage.connect();
  stage.send(second, orion_upgrade());
  EXPECT_EQ(stage.refusals(RefusalReason::address_full), 1U);
  stage.end(second);
  // Twice the same settings count no connection twice.
  use_settings(stage, std::string(kOrion) + "limits.connections_per_ip = 1\n");
  stage.end(first);
  stage.end(stage.open_orion());
  stage.expect_nothing_left();
}

TEST(NewSettings, AConnectionBehindATrustedProxyIsNotCountedByTheAddressOfTheProxy) {
  const std::string proxied = "server.trusted_proxies = [\"192.0.2.0/24\"]\n";
  ShardStage stage(proxied + std::string(kOrion));
  const int first = stage.open_orion();
  use_settings(stage, proxied + std::string(kOrion) + "limits.connections_per_ip = 1\n");
  EXPECT_EQ(stage.admission.inside().addresses, 0U);
  stage.end(first);
  EXPECT_EQ(stage.admission.inside().addresses, 0U);
}

TEST(NewSettings, AVerifiedTokenIsForgottenOnlyWhenKeysOrAuthAreOtherOnes) {
  ShardStage stage;
  stage.end(stage.open_orion());
  const auto hits = [&] { return stage.shard->counters().token_cache_hits.get(); };
  use_settings(stage, std::string(kOrion) + "limits.channels = 5\n", false);
  stage.end(stage.open_orion());
  EXPECT_EQ(hits(), 1U);
  use_settings(stage, std::string(kOrion) + "auth.require_exp = false\n", true);
  stage.end(stage.open_orion());
  EXPECT_EQ(hits(), 1U);
}

TEST(NewSettings, AConnectionOverALowerLimitOfTheProcessStays) {
  ShardStage stage;
  stage.open_orion();
  stage.open_orion();
  use_settings(stage, "server.connections_max = 1\n" + std::string(kOrion));
  EXPECT_EQ(stage.open_connections(), 2U);
  const int third = stage.connect();
  stage.send(third, orion_upgrade());
  EXPECT_EQ(stage.refusals(RefusalReason::connections_max), 1U);
}

TEST(NewSettings, AnIdleHttpConnectionIsUnderTheNewTimeout) {
  ShardStage stage("server.http_idle_timeout = \"60s\"\n" + std::string(kOrion));
  const int fd = stage.connect();
  use_settings(stage, "server.http_idle_timeout = \"1s\"\n" + std::string(kOrion));
  stage.send(fd, get("/health", "Host: x\r\n"));
  stage.run_for(milliseconds(1500));
  EXPECT_TRUE(stage.sockets[fd].shut_down);
}

}  // namespace
}  // namespace carillon::gateway::testing
