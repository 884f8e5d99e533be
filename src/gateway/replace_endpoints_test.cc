// New settings for the endpoints while clients are connected.
#include <gtest/gtest.h>

#include <string>

#include "gateway/testing/compiled.h"
#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

using Frames = std::vector<std::string>;

// As Node does it: a post of the loop.
void replace_endpoints(ShardStage& stage, std::string_view toml) {
  const EndpointTable next = Compiled(toml).endpoints;
  stage.admission.on_endpoints_replaced(next);
  stage.loop.post_always([&stage, list = next.list()] { stage.shard->replace_endpoints(list); });
  stage.settle();
}

TEST(ReplaceEndpoints, AnOpenClientIsUnderTheNewSettings) {
  ShardStage stage(kEcho);
  const int fd = stage.open(upgrade_of("/echo"));
  replace_endpoints(stage, std::string(kEcho) + "inbound.message_bytes_max = 100\n");
  EXPECT_TRUE(stage.sockets[fd].is_open());
  stage.send(fd, client_frame(websocket::Opcode::text, std::string(100, 'x')));
  EXPECT_EQ(stage.take_frames(fd), Frames{"text " + std::string(100, 'x')});
  stage.send(fd, client_frame(websocket::Opcode::text, std::string(101, 'x')));
  EXPECT_EQ(stage.closes(CloseReason::message_too_large), 1U);
}

TEST(ReplaceEndpoints, AnOpenClientGoesOnReceivingEvents) {
  ShardStage stage;
  const int fd = stage.open_orion();
  stage.publish("orion.a", "1");
  replace_endpoints(stage, std::string(kOrion) + "lag.bytes_max = \"2MiB\"\n");
  stage.publish("orion.a", "2");
  EXPECT_EQ(stage.take_frames(fd).size(), 2U);
  EXPECT_EQ(stage.all_closes(), 0U);
}

TEST(ReplaceEndpoints, TheNewLagRuleHoldsForAClientThatIsBehind) {
  ShardStage stage(std::string(kOrion) + "lag.age_max = \"1h\"\nlag.bytes_max = \"16MiB\"\n");
  const int fd = stage.open_orion();
  stage.sockets[fd].capacity = 0;
  stage.publish("orion.a", "1");
  stage.run_for(seconds(20));
  EXPECT_EQ(stage.all_closes(), 0U);
  replace_endpoints(stage, std::string(kOrion) + "lag.age_max = \"10s\"\n");
  stage.run_for(seconds(1));
  EXPECT_EQ(stage.closes(CloseReason::slow_consumer), 1U);
}

TEST(ReplaceEndpoints, ATokenThatWasVerifiedBeforeIsJudgedByTheNewSettings) {
  ShardStage stage;
  stage.end(stage.open_orion());
  replace_endpoints(stage, std::string(kOrion) + "auth.require_exp = true\n");
  const int fd = stage.connect();
  stage.send(fd, orion_upgrade());
  EXPECT_EQ(stage.refusals(RefusalReason::token_invalid), 1U);
}

// Regression: the deadline of settings that had none was long past.
TEST(ReplaceEndpoints, ANewTimeoutForPongsBeginsWithTheReplacement) {
  ShardStage stage(std::string(kOrion) + "keepalive.ping = \"10s\"\nkeepalive.timeout = \"off\"\n");
  const int fd = stage.open_orion();
  stage.run_for(seconds(25));
  EXPECT_EQ(stage.take_frames(fd), (Frames{"ping", "ping"}));
  replace_endpoints(stage, std::string(kOrion) + "keepalive.ping = \"10s\"\nkeepalive.timeout = \"15s\"\n");
  stage.run_for(milliseconds(14'000));
  EXPECT_EQ(stage.take_frames(fd), Frames{"ping"});
  EXPECT_EQ(stage.all_closes(), 0U);
  stage.run_for(seconds(30));
  EXPECT_EQ(stage.closes(CloseReason::ping_timeout), 1U);
}

TEST(ReplaceEndpoints, AClientThatWasNeverPingedIsPingedUnderTheNewSettings) {
  ShardStage stage(std::string(kOrion) + "keepalive.ping = \"off\"\nkeepalive.timeout = \"off\"\n");
  const int fd = stage.open_orion();
  stage.run_for(seconds(60));
  EXPECT_EQ(stage.take_frames(fd), Frames{});
  replace_endpoints(stage, std::string(kOrion) + "keepalive.ping = \"10s\"\nkeepalive.timeout = \"off\"\n");
  stage.run_for(seconds(11));
  EXPECT_EQ(stage.take_frames(fd), Frames{"ping"});
}

TEST(ReplaceEndpoints, AClientLeavesTheLimitsThatItWasCountedBy) {
  const std::string limited =
      std::string(kOrion) + "limits.connections_per_ip = 5\nlimits.connections_per_user = 5\n";
  ShardStage stage(limited);
  const int counted = stage.open_orion();
  replace_endpoints(stage, kOrion);
  const int uncounted = stage.open_orion();
  stage.end(counted);
  EXPECT_EQ(stage.admission.addresses_inside() + stage.admission.users_inside(), 0U);
  replace_endpoints(stage, limited);
  stage.end(uncounted);
  stage.expect_nothing_left();
}

TEST(ReplaceEndpoints, ARateThatIsNewCountsFromTheNextMessage) {
  ShardStage stage(kEcho);
  const int fd = stage.open(upgrade_of("/echo"));
  replace_endpoints(stage, std::string(kEcho) + "inbound.rate.messages = 2\n");
  for (int i = 0; i < 3; ++i) stage.send(fd, client_frame(websocket::Opcode::text, "x"));
  EXPECT_EQ(stage.closes(CloseReason::rate_exceeded), 1U);
}

TEST(ReplaceEndpoints, OnlyTheSameEndpointsMayTakeTheirPlaces) {
  const auto list = [](std::string_view toml) { return Compiled(toml).endpoints.list(); };
  const auto now = list(kOrion);
  EXPECT_TRUE(EndpointTable::are_the_same(now, list(std::string(kOrion) + "lag.bytes_max = 5000\n")));
  EXPECT_FALSE(EndpointTable::are_the_same(now, list(std::string(kOrion) + std::string(kEcho))));
  EXPECT_FALSE(EndpointTable::are_the_same(now, list(std::string(kOrion) + "name = \"other\"\n")));
  EXPECT_FALSE(EndpointTable::are_the_same(now, list(std::string(kOrion) + "path = \"/other\"\n")));
  EXPECT_FALSE(EndpointTable::are_the_same(now, {}));
}

}  // namespace
}  // namespace carillon::gateway::testing
