// lag.overrides in a shard: which rule the log of a channel has, also after new settings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "gateway/testing/compiled.h"
#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

using ::testing::HasSubstr;

std::string service_skipping(std::string_view overrides) {
  return std::string(kService) +
         "keepalive.ping = \"off\"\nkeepalive.timeout = \"off\"\nlag.bytes_max = 1024\nlag.overrides = [" +
         std::string(overrides) + "]\n";
}
constexpr std::string_view kTicks = "{ channels = [\"ticks.*\"], policy = \"latest\" }";
constexpr std::string_view kNews = "{ channels = [\"news.*\"], policy = \"latest\" }";

// A client that takes no bytes and is sent ten events of 512 bytes in each of its channels.
int open_behind(ShardStage& stage, const std::vector<std::string>& channels) {
  const int fd = stage.open(upgrade_of("/api/ws?token=" + token_with(R"({"sub":"alice"})")));
  for (const std::string& channel : channels) {
    stage.send(fd, client_frame(websocket::Opcode::text,
                                R"({"type":"subscribe","data":{"channel":")" + channel + "\"}}"));
  }
  stage.sockets[fd].capacity = 0;
  return fd;
}
void publish_ten(ShardStage& stage, const std::string& channel) {
  for (int i = 0; i < 10; ++i) {
    stage.publish("service.channel." + channel, R"({"type":"t","data":{"n":)" + std::to_string(i) +
                                                    R"(,"f":")" + std::string(512, 'x') + "\"}}");
  }
}
void use_overrides(ShardStage& stage, std::string_view toml) {
  const Compiled next(toml);
  const NewSettings settings{
      std::make_shared<const config::Settings>(next.settings), next.endpoints.list(), {}, false};
  stage.loop.post_always([&stage, settings] { stage.shard->use(settings); });
  stage.settle();
}

TEST(LagOverrides, AClientIsNotClosedForTheChannelsThatSkip) {
  ShardStage stage(service_skipping(kTicks));
  const int ticks = open_behind(stage, {"ticks.a"});
  open_behind(stage, {"ticks.a", "orders.a"});
  publish_ten(stage, "ticks.a");
  stage.run_for(seconds(30));
  EXPECT_EQ(stage.closes(CloseReason::slow_consumer), 0U);
  publish_ten(stage, "orders.a");
  stage.run_for(seconds(5));
  EXPECT_EQ(stage.closes(CloseReason::slow_consumer), 1U);
  stage.let_read(ticks, FakeSocket::kEndless);
  const auto frames = stage.take_frames(ticks);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_THAT(frames[0], HasSubstr("\"n\":9"));
}

TEST(LagOverrides, NewOnesHoldForTheChannelsThatThereAre) {
  ShardStage stage(service_skipping(kTicks));
  open_behind(stage, {"ticks.a"});
  const int news = open_behind(stage, {"news.a"});
  use_overrides(stage, service_skipping(kNews));
  publish_ten(stage, "ticks.a");
  publish_ten(stage, "news.a");
  stage.run_for(seconds(30));
  EXPECT_EQ(stage.closes(CloseReason::slow_consumer), 1U) << "the one with ticks";
  EXPECT_TRUE(stage.sockets[news].is_open());
  EXPECT_EQ(stage.all_closes(), 1U);
  const int later = open_behind(stage, {"news.b"});
  publish_ten(stage, "news.b");
  stage.run_for(seconds(30));
  EXPECT_TRUE(stage.sockets[later].is_open());
}

TEST(LagOverrides, TheFirstThatMatchesCountsAndHasItsOwnLimit) {
  ShardStage stage(
      service_skipping("{ channels = [\"ticks.whole\"], policy = \"disconnect\" }, "
                       "{ channels = [\"ticks.*\"], policy = \"latest\", bytes_max = \"64KiB\" }"));
  open_behind(stage, {"ticks.whole"});
  const int within = open_behind(stage, {"ticks.a"});
  publish_ten(stage, "ticks.whole");
  publish_ten(stage, "ticks.a");
  stage.run_for(seconds(30));
  EXPECT_EQ(stage.closes(CloseReason::slow_consumer), 1U);
  stage.let_read(within, FakeSocket::kEndless);
  EXPECT_EQ(stage.take_frames(within).size(), 10U) << "it is less than 64 KiB behind";
}

}  // namespace
}  // namespace carillon::gateway::testing
