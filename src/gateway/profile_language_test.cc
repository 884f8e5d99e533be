// What a profile can express in commands and frames: names and codes that are no texts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using websocket::Opcode;
using Frames = std::vector<std::string>;

const std::string kRoomsProtocol = R"([[endpoint]]
profile = "orion"
auth.mode = "none"
inbound.message_bytes_max = 65536
source.channels = ["room.*"]
select.by = "commands"
acks = "on"
[endpoint.frames]
event = '{"in":$*,"n":$body}'
error = '{"code":$code,"why":$message}'
[endpoint.errors]
invalid_request = { code = 4000, message = "bad" }
subscription_failed = { code = true, message = "no" }
[endpoint.commands]
name = "/op"
subscribe = { is = 1, channel = "/ch", reply = '{"joined":$channel}' }
unsubscribe = { is = false, channel = "/ch", reply = '{"left":$channel}' }
ping = { is = "ping", reply = '{"pong":true}' }
)";

int open_rooms(ShardStage& stage) { return stage.open(upgrade_of("/ws")); }

Frames all_answers_to(ShardStage& stage, int fd, std::string_view message) {
  stage.send(fd, client_frame(Opcode::text, message));
  return stage.take_frames(fd);
}

// --- names and codes ----------------------------------------------------------------------------

TEST(CommandNames, MayBeNumbersAndBooleans) {
  ShardStage stage(kRoomsProtocol);
  const int fd = open_rooms(stage);
  for (const char* one : {"1", "1.0", "10e-1"}) {
    EXPECT_THAT(all_answers_to(stage, fd, R"({"ch":"a","op":)" + std::string(one) + "}"),
                ElementsAre(R"(text {"joined":"a"})"))
        << one;
  }
  EXPECT_THAT(all_answers_to(stage, fd, R"({"ch":"a","op":false})"), ElementsAre(R"(text {"left":"a"})"));
  EXPECT_THAT(all_answers_to(stage, fd, R"({"op":"ping"})"), ElementsAre(R"(text {"pong":true})"));
}

TEST(CommandNames, ANumberIsNotItsText) {
  ShardStage stage(kRoomsProtocol);
  const int fd = open_rooms(stage);
  for (const char* other : {"\"1\"", "\"false\"", "true", "2", "1.5", "1e400"}) {
    const Frames answers = all_answers_to(stage, fd, R"({"ch":"a","op":)" + std::string(other) + "}");
    ASSERT_EQ(answers.size(), 1U) << other;
    EXPECT_THAT(answers[0], HasSubstr(R"({"code":4000,"why":"bad: )")) << other;
  }
}

TEST(CommandNames, AMessageWithoutAnyIsReportedAsSuch) {
  ShardStage stage(kRoomsProtocol);
  const int fd = open_rooms(stage);
  const std::string none = R"(text {"code":4000,"why":"bad: it does not say which command it is"})";
  for (const char* message : {"{}", R"({"op":null})", R"({"op":[1]})", R"({"op":{}})"}) {
    EXPECT_THAT(all_answers_to(stage, fd, message), ElementsAre(none)) << message;
  }
}

TEST(CommandNames, ANumberIsNoNameWhereEveryCommandHasAText) {
  ShardStage stage(kService);
  const int fd = stage.open(upgrade_of("/api/ws?token=" + token_with("{}")));
  for (const char* message : {R"({"type":1})", R"({"type":true})"}) {
    const Frames answers = all_answers_to(stage, fd, message);
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_THAT(answers[0], HasSubstr("it does not say which command it is")) << message;
  }
}

TEST(ErrorCodes, MayBeNumbersAndBooleans) {
  ShardStage stage(kRoomsProtocol);
  const int fd = open_rooms(stage);
  EXPECT_THAT(all_answers_to(stage, fd, "no JSON"),
              ElementsAre(R"(text {"code":4000,"why":"bad: it is not JSON"})"));
  EXPECT_THAT(all_answers_to(stage, fd, R"({"op":1,"ch":""})"),
              ElementsAre(R"(text {"code":true,"why":"no: a channel name must not be empty"})"));
}

TEST(SelectedValues, KnownOnesMayBeNumbersAndBooleans) {
  ShardStage stage(
      "[[endpoint]]\nprofile = \"fluxora\"\nselect.by = \"query:ids\"\nselect.value = \"/id\"\n"
      "select.known = [1, true, \"x\"]\nselect.otherwise = [1]\n");
  const int listed = stage.open(upgrade_of("/ws/streams?ids=true,x"));
  const int others = stage.open(upgrade_of("/ws/streams"));
  for (const char* id : {"1", "true", "2", "\"x\""}) {
    stage.publish("fluxora.streams", R"({"event":"e","id":)" + std::string(id) + "}");
  }
  EXPECT_THAT(stage.take_frames(listed),
              ElementsAre(R"(text {"event":"e","id":true})", R"(text {"event":"e","id":"x"})"));
  EXPECT_THAT(stage.take_frames(others), ElementsAre(R"(text {"event":"e","id":1})"));
}

}  // namespace
}  // namespace carillon::gateway::testing
