// What a profile can express in commands and frames: names and codes that are no texts, arrays of channels,
// and the first frame of a connection.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/allocation_ceiling.h"
#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
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

// Arrays of channels have a member of their own.
const std::string kListedRooms = kRoomsProtocol + "channels = \"/chs\"\n";

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

TEST(ErrorFrames, NameTheChannelThatIsRefused) {
  std::string toml = kListedRooms;
  toml.replace(toml.find("\"why\":$message"), 14, "\"ch\":$channel");
  ShardStage stage(toml);
  const int fd = open_rooms(stage);
  const std::string long_name(256, 'x');
  EXPECT_THAT(all_answers_to(stage, fd, R"({"op":1,"chs":[")" + long_name + R"(",7,"b"]})"),
              ElementsAre(R"(text {"code":true,"ch":")" + long_name + "\"}",
                          R"(text {"code":true,"ch":null})", R"(text {"joined":"b"})"));
}

// --- the first frame ----------------------------------------------------------------------------

const std::string kWelcome = "frames.open = '{\"id\":$connection_id,\"sub\":$subject,\"at\":$time_s}'\n";

TEST(OpenFrame, HasTheConnectionsNameInTheLogAndTheSubject) {
  ShardStage stage(std::string(kOrion) + "log.connected = \"hello\"\n" + kWelcome);
  const int alice = stage.open(upgrade_of("/ws?token=" + token_with(R"({"sub":"al\"ice"})")));
  const std::string id = stage.log.records.at(0).fields.at("connectionId");
  const Answer answer = stage.ask(upgrade_of("/ws?token=" + token_with("{}")));
  EXPECT_THAT(stage.take_frames(alice), IsEmpty()) << "it came with the 101";
  const std::string other = stage.log.records.at(1).fields.at("connectionId");
  EXPECT_NE(id, other);
  EXPECT_THAT(frames_of(answer.body),
              ElementsAre("text {\"id\":\"" + other + R"(","sub":null,"at":"2026-01-01T00:00:00Z"})"));
}

TEST(OpenFrame, HasTheSubjectOfTheToken) {
  ShardStage stage(std::string(kOrion) + kWelcome);
  const Answer answer = stage.ask(upgrade_of("/ws?token=" + token_with(R"({"sub":"al\"ice"})")));
  EXPECT_THAT(frames_of(answer.body), ElementsAre(HasSubstr(R"("sub":"al\"ice")")));
}

TEST(OpenFrame, HasANullSubjectWhereNoTokenIsRequired) {
  ShardStage stage(std::string(kEcho) + kWelcome);
  const Answer answer = stage.ask(upgrade_of("/echo"));
  EXPECT_THAT(frames_of(answer.body), ElementsAre(HasSubstr(R"("sub":null)")));
}

TEST(OpenFrame, ComesBeforeEveryReplyAndEvent) {
  std::string toml = kRoomsProtocol;
  toml.insert(toml.find("event ="), "open = '{\"id\":$connection_id}'\n");
  ShardStage stage(toml);
  const int fd = stage.connect();
  stage.sockets[fd].capacity = 0;
  stage.send(fd, upgrade_of("/ws") + client_frame(Opcode::text, R"({"op":1,"ch":"a"})"));
  stage.publish("room.a", "7");
  stage.let_read(fd, FakeSocket::kEndless);
  const Answer answer = split_answer(stage.take_received(fd));
  EXPECT_EQ(answer.head.substr(0, 12), "HTTP/1.1 101");
  EXPECT_THAT(frames_of(answer.body),
              ElementsAre(HasSubstr("text {\"id\":"), R"(text {"joined":"a"})", R"(text {"in":"a","n":7})"));
}

// An upgrade waits for the answers before it, and the frames behind it wait with it.
TEST(OpenFrame, ComesBeforeRepliesToFramesThatWaitedWithTheUpgrade) {
  std::string toml = kRoomsProtocol;
  toml.insert(toml.find("event ="), "open = '{\"id\":$connection_id}'\n");
  ShardStage stage(toml);
  const int fd = stage.connect();
  stage.send(fd, post("/later", "x") + upgrade_of("/ws") + client_frame(Opcode::text, R"({"op":"ping"})"));
  ASSERT_EQ(stage.api.deferred.size(), 1U);
  EXPECT_EQ(stage.take_received(fd), "");
  stage.api.deferred[0](FakeApi::text("y"));
  stage.settle();
  const std::string received = stage.take_received(fd);
  const Answer answer = split_answer(std::string_view(received).substr(received.find("HTTP/1.1 101")));
  EXPECT_THAT(frames_of(answer.body), ElementsAre(HasSubstr("text {\"id\":"), R"(text {"pong":true})"));
}

TEST(OpenFrame, WithoutMemoryForItClosesItsClient) {
  ShardStage stage(std::string(kOrion) + "frames.open = '{\"x\":\"" + std::string(20'000, 'x') + "\"}'\n");
  const carillon::testing::AllocationCeiling ceiling(10'000);
  const Answer answer = stage.ask(orion_upgrade());
  EXPECT_THAT(frames_of(answer.body), ElementsAre("close 1013 Out of memory"));
  EXPECT_EQ(stage.closes(CloseReason::internal), 1U);
}

// --- a member of its own for several channels ----------------------------------------------------

TEST(ChannelLists, AMemberOfItsOwnHasSeveralChannels) {
  ShardStage stage(kListedRooms);
  const int fd = open_rooms(stage);
  EXPECT_THAT(all_answers_to(stage, fd, R"({"op":1,"chs":["a","",7,"b"]})"),
              ElementsAre(R"(text {"joined":"a"})",
                          R"(text {"code":true,"why":"no: a channel name must not be empty"})",
                          R"(text {"code":true,"why":"no: the channel is missing or not a string"})",
                          R"(text {"joined":"b"})"));
  EXPECT_THAT(all_answers_to(stage, fd, R"({"op":1,"ch":"c","chs":null})"),
              ElementsAre(R"(text {"joined":"c"})"));
  EXPECT_THAT(all_answers_to(stage, fd, R"({"op":false,"chs":["a","c"],"ch":null})"),
              ElementsAre(R"(text {"left":"a"})", R"(text {"left":"c"})"));
}

TEST(ChannelLists, AreRefusedWhenTheyAreNone) {
  ShardStage stage(kListedRooms);
  const int fd = open_rooms(stage);
  const std::string none = R"(text {"code":true,"why":"no: the channel is missing or not a string"})";
  for (const char* message : {R"({"op":1})", R"({"op":1,"chs":"a"})", R"({"op":1,"chs":[]})",
                              R"({"op":1,"chs":{}})", R"({"op":1,"ch":["a"]})"}) {
    EXPECT_THAT(all_answers_to(stage, fd, message), ElementsAre(none)) << message;
  }
  EXPECT_THAT(all_answers_to(stage, fd, R"({"op":1,"ch":"a","chs":["b"]})"),
              ElementsAre(R"(text {"code":4000,"why":"bad: give the channel or the channels, not both"})"));
}

// --- arrays of channels -------------------------------------------------------------------------

std::string arrays_with(std::string_view lines = "") {
  return kRoomsProtocol + "channel_type = \"array\"\n" + std::string(lines);
}
std::string array_of(std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) list += (i ? ",\"c" : "\"c") + std::to_string(i) + "\"";
  return "[" + list + "]";
}

TEST(ChannelArrays, EachChannelIsAnsweredAsIfItWereSentAlone) {
  ShardStage stage(arrays_with());
  const int fd = open_rooms(stage);
  EXPECT_THAT(all_answers_to(stage, fd, R"({"op":1,"ch":["a","",7,"b"]})"),
              ElementsAre(R"(text {"joined":"a"})",
                          R"(text {"code":true,"why":"no: a channel name must not be empty"})",
                          R"(text {"code":true,"why":"no: the channel is missing or not a string"})",
                          R"(text {"joined":"b"})"));
  for (const char* channel : {"room.a", "room.b", "room.c"}) stage.publish(channel, "1");
  EXPECT_THAT(stage.take_frames(fd), ElementsAre(R"(text {"in":"a","n":1})", R"(text {"in":"b","n":1})"));
  EXPECT_THAT(all_answers_to(stage, fd, R"({"op":false,"ch":["a","z"]})"),
              ElementsAre(R"(text {"left":"a"})", R"(text {"left":"z"})"));
  stage.publish("room.a", "2");
  stage.publish("room.b", "2");
  EXPECT_THAT(stage.take_frames(fd), ElementsAre(R"(text {"in":"b","n":2})"));
  EXPECT_THAT(all_answers_to(stage, fd, R"({"op":1,"ch":"c"})"), ElementsAre(R"(text {"joined":"c"})"));
}

TEST(ChannelArrays, HaveAsManyChannelsAsTheLimitAndNoMore) {
  for (const auto& [lines, limit] :
       {std::pair("", std::size_t{32}), std::pair("channels_max = 3\n", std::size_t{3})}) {
    ShardStage stage(arrays_with(lines));
    const int fd = open_rooms(stage);
    const auto subscribe = [&](std::size_t count) {
      return all_answers_to(stage, fd, R"({"op":1,"ch":)" + array_of(count) + "}");
    };
    EXPECT_EQ(subscribe(limit - 1).size(), limit - 1);
    EXPECT_EQ(subscribe(limit).size(), limit);
    EXPECT_THAT(subscribe(limit + 1),
                ElementsAre(R"(text {"code":true,"why":"no: too many channels in one message"})"));
  }
}

TEST(ChannelLists, HaveAsManyChannelsAsTheLimitAndNoMore) {
  ShardStage stage(kListedRooms);
  const int fd = open_rooms(stage);
  const auto subscribe = [&](std::size_t count) {
    return all_answers_to(stage, fd, R"({"op":1,"chs":)" + array_of(count) + "}");
  };
  EXPECT_EQ(subscribe(31).size(), 31U);
  EXPECT_EQ(subscribe(32).size(), 32U);
  EXPECT_THAT(subscribe(33),
              ElementsAre(R"(text {"code":true,"why":"no: too many channels in one message"})"));
}

TEST(ChannelArrays, AreRefusedWhenTheyAreEmptyOrNotAllowed) {
  const std::string none = R"(text {"code":true,"why":"no: the channel is missing or not a string"})";
  ShardStage stage(arrays_with());
  EXPECT_THAT(all_answers_to(stage, open_rooms(stage), R"({"op":1,"ch":[]})"), ElementsAre(none));
  ShardStage strict(kRoomsProtocol);
  EXPECT_THAT(all_answers_to(strict, open_rooms(strict), R"({"op":1,"ch":["a"]})"), ElementsAre(none));
}

TEST(ChannelArrays, ShareTheLimitOfChannelsOfTheirClient) {
  std::string toml = arrays_with();
  toml.insert(toml.find("acks"), "limits.channels = 2\n");
  ShardStage stage(toml);
  EXPECT_THAT(all_answers_to(stage, open_rooms(stage), R"({"op":1,"ch":["a","b","c"]})"),
              ElementsAre(R"(text {"joined":"a"})", R"(text {"joined":"b"})",
                          R"(text {"code":true,"why":"no: too many channels"})"));
}

TEST(ChannelArrays, AreAnsweredInFullAlthoughTheOutboxIsFull) {
  ShardStage stage("server.outbox_bytes_max = 1024\n" + arrays_with());
  const int fd = open_rooms(stage);
  stage.sockets[fd].capacity = 0;
  std::string list = "[";
  for (char name = 'a'; name <= 'z'; ++name)
    list += (name == 'a' ? "\"" : ",\"") + std::string(200, name) + "\"";
  stage.send(fd, client_frame(Opcode::text, R"({"op":1,"ch":)" + list + "]}"));
  stage.send(fd, client_frame(Opcode::text, R"({"op":"ping"})"));
  stage.publish("room." + std::string(200, 'z'), "1");
  stage.let_read(fd, FakeSocket::kEndless);
  const Frames frames = stage.take_frames(fd);
  ASSERT_EQ(frames.size(), 28U);
  EXPECT_EQ(frames[25], "text {\"joined\":\"" + std::string(200, 'z') + "\"}");
  EXPECT_EQ(frames[26], R"(text {"pong":true})");
  EXPECT_THAT(frames[27], HasSubstr("\"in\":"));
  EXPECT_EQ(stage.shard->counters().replies_dropped.get(), 0U);
}

TEST(ChannelArrays, WhoseAnswersAreOverAMegabyteCloseTheirClient) {
  std::string toml = arrays_with();
  toml.replace(toml.find("{\"joined\":$channel}"), 19, "{\"to\":$request}");
  ShardStage stage(toml);
  const int fd = open_rooms(stage);
  const std::string padding(50'000, 'x');
  const auto message = [&](std::size_t count) {
    return R"({"op":1,"ch":)" + array_of(count) + ",\"x\":\"" + padding + "\"}";
  };
  EXPECT_EQ(all_answers_to(stage, fd, message(20)).size(), 20U);
  EXPECT_THAT(all_answers_to(stage, fd, message(21)), ElementsAre("close 1013 Out of memory"));
}

}  // namespace
}  // namespace carillon::gateway::testing
