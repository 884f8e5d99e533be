// What log.level = "debug" shows of the decisions on a client.
#include <gtest/gtest.h>

#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

constexpr std::string_view kRooms = "[[endpoint]]\nprofile = \"service\"\nauth.channels_claim = \"rooms\"\n";

// The debug lines about clients since the last call.
std::vector<RecordingLog::Record> trace_of(ShardStage& stage) {
  std::vector<RecordingLog::Record> lines;
  for (RecordingLog::Record& each : std::exchange(stage.log.records, {})) {
    if (each.level == LogLevel::debug) lines.push_back(std::move(each));
  }
  return lines;
}

std::string rooms_target() { return "/api/ws?token=" + token_with(R"({"sub":"alice","rooms":["a","b"]})"); }

TEST(ClientTrace, EveryDecisionOnAClientIsALineThatNamesIt) {
  ShardStage stage(kRooms);
  stage.log.writes_debug = true;
  const int fd = stage.open(upgrade_of(rooms_target()));
  const auto connected = trace_of(stage);
  ASSERT_EQ(connected.size(), 1U);
  EXPECT_EQ(connected[0].message, "client connected");
  EXPECT_EQ(connected[0].fields.at("endpoint"), "service");
  EXPECT_EQ(connected[0].fields.at("user"), "alice");
  EXPECT_EQ(connected[0].fields.at("address"), "192.0.2.1");
  const std::string id = connected[0].fields.at("connectionId");

  stage.send(fd, client_frame(websocket::Opcode::text, R"({"type":"subscribe","data":{"channel":"a"}})"));
  stage.send(fd,
             client_frame(websocket::Opcode::text, R"({"type":"subscribe","data":{"channel":"secret"}})"));
  stage.send(fd, client_frame(websocket::Opcode::text, R"({"type":"unsubscribe","data":{"channel":"a"}})"));
  stage.send(fd, client_frame(websocket::Opcode::text, "garbage"));
  const auto commands = trace_of(stage);
  ASSERT_EQ(commands.size(), 4U);
  EXPECT_EQ(commands[0].message + " " + commands[0].fields.at("channel"), "client subscribed a");
  EXPECT_EQ(commands[1].message + " " + commands[1].fields.at("channel"), "command refused secret");
  EXPECT_EQ(commands[1].fields.at("reason"), "the token does not permit the channel");
  EXPECT_EQ(commands[2].message + " " + commands[2].fields.at("channel"), "client unsubscribed a");
  EXPECT_EQ(commands[3].message, "command refused");
  for (const auto& line : commands) EXPECT_EQ(line.fields.at("connectionId"), id);

  stage.run_for(milliseconds(1500));
  stage.send(fd, client_close(4321));
  const auto closed = trace_of(stage);
  ASSERT_EQ(closed.size(), 1U);
  EXPECT_EQ(closed[0].message, "client disconnected");
  EXPECT_EQ(closed[0].fields.at("reason"), "client_close");
  EXPECT_EQ(closed[0].fields.at("code"), "4321");
  EXPECT_GE(std::stoi(closed[0].fields.at("age_ms")), 1500);
  EXPECT_EQ(closed[0].fields.at("backlog_bytes"), "0");
  EXPECT_EQ(closed[0].fields.at("user"), "alice");
  EXPECT_EQ(closed[0].fields.at("connectionId"), id);
}

TEST(ClientTrace, NothingIsWrittenAboveDebug) {
  ShardStage stage(kRooms);
  const int fd = stage.open(upgrade_of(rooms_target()));
  stage.send(fd, client_frame(websocket::Opcode::text, R"({"type":"subscribe","data":{"channel":"a"}})"));
  stage.send(fd, client_close(1000));
  EXPECT_TRUE(trace_of(stage).empty());
}

TEST(ClientTrace, AClientThatCameBeforeTheTraceIsShownWithoutItsAge) {
  ShardStage stage(kRooms);
  const int fd = stage.open(upgrade_of(rooms_target()));
  stage.log.writes_debug = true;
  stage.send(fd, client_close(1000));
  const auto closed = trace_of(stage);
  ASSERT_EQ(closed.size(), 1U);
  EXPECT_FALSE(closed[0].fields.contains("age_ms"));
  EXPECT_EQ(closed[0].fields.at("address"), "192.0.2.1");
}

TEST(ClientTrace, TheAddressOfATrustedProxyIsNotShownAsTheClients) {
  ShardStage stage("server.trusted_proxies = [\"192.0.2.0/24\"]\n" + std::string(kRooms));
  const int fd = stage.open(upgrade_of(rooms_target()));
  stage.log.writes_debug = true;
  stage.send(fd, client_close(1000));
  const auto closed = trace_of(stage);
  ASSERT_EQ(closed.size(), 1U);
  EXPECT_EQ(closed[0].fields.at("address"), "");
}

TEST(ClientTrace, RefusalsThatSamplingLeavesOutAreWrittenAtDebug) {
  ShardStage stage;
  stage.log.writes_debug = true;
  for (int i = 0; i < 100; ++i) stage.ask(upgrade_of("/ws"));
  std::size_t info = 0;
  std::size_t debug = 0;
  for (const auto& each : stage.log.records) {
    if (each.message != "request refused") continue;
    EXPECT_EQ(each.fields.at("endpoint"), "orion");
    ++(each.level == LogLevel::debug ? debug : info);
  }
  EXPECT_EQ(info + debug, 100U);
  EXPECT_GT(debug, 0U);
}

}  // namespace
}  // namespace carillon::gateway::testing
