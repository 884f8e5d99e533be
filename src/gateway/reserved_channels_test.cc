// Channels under "carillon." are reserved: clients can neither receive, subscribe to nor publish anything
// there.
#include <gtest/gtest.h>

#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

using websocket::Opcode;
using Frames = std::vector<std::string>;

int open_service(ShardStage& stage) {
  return stage.open(upgrade_of("/api/ws?token=" + token_with(R"({"sub":"alice"})")));
}

Frames answer_to(ShardStage& stage, int fd, std::string_view message) {
  stage.send(fd, client_frame(Opcode::text, message));
  return stage.take_frames(fd);
}

bool is_error(const Frames& frames, std::string_view code) {
  return frames.size() == 1 && frames[0].find("\"code\":\"" + std::string(code) + '"') != std::string::npos &&
         frames[0].find("those channels are reserved") != std::string::npos;
}

TEST(ReservedChannels, AreNotRelayedByAnEndpointWithAllChannels) {
  ShardStage stage(std::string(kOrion) + "source.channels = [\"*\"]\n");
  const int fd = stage.open_orion();
  for (const std::string_view channel :
       {"carillon.", "carillon.x", "carillon.probe.n1", "carillon.control.kick"}) {
    stage.publish(channel, "1");
    EXPECT_EQ(stage.take_frames(fd), Frames{}) << channel;
  }
  EXPECT_EQ(stage.router.counters().dropped_reserved.get(), 4U);
  EXPECT_EQ(stage.router.counters().endpoints[0].routed.get(), 0U);
  ASSERT_EQ(stage.log.lines.size(), 4U);
  EXPECT_EQ(stage.log.records[0].fields["reason"], "reserved_channel");
  EXPECT_EQ(stage.log.records[0].fields["channel"], "carillon.");
  for (const std::string_view channel : {"carillon", "carillonx.y", "x.carillon.y"}) {
    stage.publish(channel, "1");
    EXPECT_EQ(stage.take_frames(fd).size(), 1U) << channel;
  }
}

TEST(ReservedChannels, CannotBeSubscribedTo) {
  ShardStage stage(std::string(kService) + "source.channels = [\"*\"]\nacks = \"on\"\n");
  const int fd = open_service(stage);
  const auto subscribe = [&](std::string_view channel) {
    return answer_to(stage, fd, R"({"type":"subscribe","data":{"channel":")" + std::string(channel) + "\"}}");
  };
  EXPECT_TRUE(is_error(subscribe("carillon.x"), "subscription_failed"));
  EXPECT_EQ(stage.shard->counters().commands_reserved.get(), 1U);
  EXPECT_EQ(stage.shard->counters().channels.get(), 0U);
  EXPECT_FALSE(is_error(subscribe("carillonx"), "subscription_failed"));
  EXPECT_EQ(stage.shard->counters().commands_reserved.get(), 1U);
}

TEST(ReservedChannels, CannotBeSubscribedToThroughAPattern) {
  ShardStage stage(std::string(kService) + "source.channels = [\"carillon*\"]\n");
  const int fd = open_service(stage);
  EXPECT_TRUE(is_error(answer_to(stage, fd, R"({"type":"subscribe","data":{"channel":".x"}})"),
                       "subscription_failed"));
}

// Only the name of the bus channel counts, not the channel name that the client sends.
TEST(ReservedChannels, AClientsChannelNameMayHaveTheReservedPrefix) {
  ShardStage stage(kService);
  const int fd = open_service(stage);
  EXPECT_EQ(answer_to(stage, fd, R"({"type":"subscribe","data":{"channel":"carillon.x"}})"), Frames{});
  stage.publish("service.channel.carillon.x", R"({"type":"t"})");
  EXPECT_EQ(stage.take_frames(fd).size(), 1U);
}

TEST(ReservedChannels, CannotBePublishedToByClients) {
  for (const std::string_view to : {"*", "car*"}) {
    ShardStage stage(std::string(kService) + "client_publish = \"on\"\ncommands.publish.to = \"" +
                     std::string(to) + "\"\n");
    const int fd = open_service(stage);
    const auto publish = [&](std::string_view conversation) {
      return answer_to(stage, fd,
                       R"({"type":"chat_message","data":{"content":"hi","conversation_id":")" +
                           std::string(conversation) + "\"}}");
    };
    const std::string_view rest = to == "*" ? "carillon.x" : "illon.x";
    EXPECT_TRUE(is_error(publish(rest), "invalid_request")) << to;
    EXPECT_TRUE(stage.publisher.published.empty());
    EXPECT_EQ(stage.shard->counters().commands_reserved.get(), 1U);
    EXPECT_EQ(publish("other"), Frames{});
    EXPECT_EQ(stage.publisher.published.size(), 1U);
  }
}

TEST(ReservedChannels, AreNotDeliveredToAClientThatSelectsThem) {
  ShardStage stage(std::string(kOrion) + "source.channels = [\"*\"]\nselect.by = \"query:types\"\n");
  const std::string token = token_with(R"({"sub":"alice"})");
  const int fd = stage.open(upgrade_of("/ws?types=carillon.x&token=" + token));
  stage.publish("carillon.x", "1");
  EXPECT_EQ(stage.take_frames(fd), Frames{});
}

}  // namespace
}  // namespace carillon::gateway::testing
