// Commands of clients at their limits: JSON, channel names, channels, rates, and errors of the bus.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "client/message_rate.h"
#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

using websocket::Opcode;
using Frames = std::vector<std::string>;

std::string service_with(std::string_view lines) { return std::string(kService) + std::string(lines); }

int open_service(ShardStage& stage, std::string_view claims = R"({"sub":"alice"})") {
  return stage.open(upgrade_of("/api/ws?token=" + token_with(claims)));
}

void send_text(ShardStage& stage, int fd, std::string_view message) {
  stage.send(fd, client_frame(Opcode::text, message));
}
std::string subscribe_to(std::string_view channel_in_json) {
  return R"({"type":"subscribe","data":{"channel":")" + std::string(channel_in_json) + "\"}}";
}

// The code of an error, "pong", the type of an event, or "" when nothing was sent.
std::string word_of(const Frames& frames) {
  if (frames.size() != 1) return frames.empty() ? "" : std::to_string(frames.size()) + " frames";
  for (const char* key : {"\"code\":\"", "\"type\":\""}) {
    const std::size_t at = frames[0].find(key);
    if (at == std::string::npos) continue;
    const std::size_t from = at + std::string_view(key).size();
    return frames[0].substr(from, frames[0].find('"', from) - from);
  }
  return frames[0];
}
std::string answer_to(ShardStage& stage, int fd, std::string_view message) {
  send_text(stage, fd, message);
  return word_of(stage.take_frames(fd));
}

std::string ping_of_depth(std::size_t depth) {  // the message itself is the first level
  return R"({"type":"ping","x":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
}

TEST(ClientCommands, AreReadToADepthOf32) {
  ShardStage stage(kService);
  const int fd = open_service(stage);
  EXPECT_EQ(answer_to(stage, fd, ping_of_depth(31)), "pong");
  EXPECT_EQ(answer_to(stage, fd, ping_of_depth(32)), "pong");
  EXPECT_EQ(answer_to(stage, fd, ping_of_depth(33)), "invalid_request");
  EXPECT_EQ(answer_to(stage, fd, ping_of_depth(20000)), "invalid_request");
}

// Regression: a message within inbound.message_bytes_max was refused as invalid JSON because of its length.
TEST(ClientCommands, AreReadUpToTheConfiguredSize) {
  ShardStage stage(service_with("inbound.message_bytes_max = \"32MiB\"\n"));
  const int fd = open_service(stage);
  const std::string filler(17 * 1024 * 1024, 'x');
  EXPECT_EQ(answer_to(stage, fd, R"({"type":"ping","data":{"filler":")" + filler + "\"}}"), "pong");
}

TEST(ClientCommands, EachEventOfABatchGoesToItsOwnChannel) {
  ShardStage stage(kService);
  const int of_a = open_service(stage);
  const int of_b = open_service(stage);
  EXPECT_EQ(answer_to(stage, of_a, subscribe_to("a")), "");
  EXPECT_EQ(answer_to(stage, of_b, subscribe_to("b")), "");
  for (const char* channel : {"channel.b", "channel.nobody", "broadcast", "channel.a", "channel.b"}) {
    stage.router.on_event({"service." + std::string(channel), R"({"type":")" + std::string(channel) + "\"}"});
  }
  stage.router.on_batch_end();
  stage.settle();
  const auto types_of = [&stage](int fd) {
    Frames types;
    for (const std::string& frame : stage.take_frames(fd)) types.push_back(word_of({frame}));
    return types;
  };
  EXPECT_THAT(types_of(of_a), ::testing::UnorderedElementsAre("channel.a", "broadcast"));
  EXPECT_THAT(types_of(of_b), ::testing::UnorderedElementsAre("channel.b", "channel.b", "broadcast"));
}

TEST(ClientCommands, WithARepeatedMemberAreRefused) {
  ShardStage stage(kService);
  const int fd = open_service(stage);
  EXPECT_EQ(answer_to(stage, fd, R"({"type":"ping","type":"ping"})"), "invalid_request");
  EXPECT_EQ(answer_to(stage, fd, R"({"type":"ping","t\u0079pe":"subscribe"})"), "invalid_request");
  EXPECT_EQ(answer_to(stage, fd, R"({"type":"ping","data":{"a":1,"a":2}})"), "invalid_request");
}

TEST(ClientCommands, MayHoldNumbersOfAnyLengthInUnusedMembers) {
  ShardStage stage(kService);
  const int fd = open_service(stage);
  EXPECT_EQ(answer_to(stage, fd, R"({"type":"ping","n":1e999999,"m":-0.)" + std::string(10000, '7') + "}"),
            "pong");
  EXPECT_EQ(answer_to(stage, fd, R"({"type":1e999999})"), "invalid_request");
}

TEST(ClientCommands, InvalidChannelNamesAreRefusedAndStarsAreLiteral) {
  ShardStage stage(kService);
  const int fd = open_service(stage);
  for (const char* name : {R"(\ud800)", R"(a\udc00b)", R"(\u0000)", R"(a\u0000)", R"(a\r\nb)", R"(\u007f)",
                           R"(\u0085)", R"(\t)", ""}) {
    EXPECT_EQ(answer_to(stage, fd, subscribe_to(name)), "subscription_failed") << name;
  }
  for (const char* name : {"*", "?", R"(\ud83d\ude00)", " ", R"(\\)"}) {
    EXPECT_EQ(answer_to(stage, fd, subscribe_to(name)), "") << name;
  }
  EXPECT_EQ(answer_to(stage, fd, R"({"type":"\ud800"})"), "invalid_request");
  stage.publish("service.channel.anything", R"({"type":"t"})");
  EXPECT_EQ(stage.take_frames(fd), Frames{});
  stage.publish("service.channel.*", R"({"type":"t"})");
  EXPECT_EQ(word_of(stage.take_frames(fd)), "t");
}

TEST(ClientCommands, AConnectionHas128ChannelsAndMayReplaceOne) {
  ShardStage stage(kService);
  const int fd = open_service(stage);
  for (int i = 1; i <= 128; ++i) EXPECT_EQ(answer_to(stage, fd, subscribe_to(std::to_string(i))), "") << i;
  EXPECT_EQ(answer_to(stage, fd, subscribe_to("129")), "subscription_failed");
  EXPECT_EQ(answer_to(stage, fd, subscribe_to("128")), "") << "it has that one";
  EXPECT_EQ(answer_to(stage, fd, R"({"type":"unsubscribe","data":{"channel":"7"}})"), "");
  EXPECT_EQ(answer_to(stage, fd, subscribe_to("129")), "");
  EXPECT_EQ(answer_to(stage, fd, subscribe_to("7")), "subscription_failed");
  stage.publish("service.channel.7", R"({"type":"t"})");
  EXPECT_EQ(stage.take_frames(fd), Frames{});
  stage.publish("service.channel.129", R"({"type":"t"})");
  EXPECT_EQ(word_of(stage.take_frames(fd)), "t");
  stage.end(fd);
  stage.expect_nothing_left();
}

constexpr std::string_view kChat = R"({"type":"chat_message","data":{"conversation_id":"c","content":"hi"}})";

TEST(ClientPublish, SendsAnErrorWhenTheBusRefusesOrIsFull) {
  ShardStage stage(service_with("client_publish = \"on\"\n"));
  const int fd = open_service(stage);
  EXPECT_EQ(answer_to(stage, fd, kChat), "") << "not before the bus has answered";
  ASSERT_EQ(stage.publisher.published.size(), 1U);
  EXPECT_EQ(stage.publisher.published[0].channel, "service.channel.conversation:c");
  EXPECT_EQ(stage.publisher.published[0].body,
            R"({"type":"chat_message","data":{"conversation_id":"c","sender_id":"alice","content":"hi"}})");
  stage.publisher.published[0].done(bus::PublishResult::refused);
  stage.settle();
  EXPECT_EQ(word_of(stage.take_frames(fd)), "internal_error");
  send_text(stage, fd, kChat);
  stage.publisher.published[1].done(bus::PublishResult::accepted);
  stage.settle();
  EXPECT_EQ(stage.take_frames(fd), Frames{});
  stage.publisher.is_full = true;
  EXPECT_EQ(answer_to(stage, fd, kChat), "internal_error");
}

TEST(ClientPublish, AnErrorForAClientThatHasGoneIsDropped) {
  ShardStage stage(service_with("client_publish = \"on\"\n"));
  const int gone = open_service(stage);
  send_text(stage, gone, kChat);
  stage.end(gone);
  const int next = open_service(stage);  // takes its place
  stage.publisher.published.at(0).done(bus::PublishResult::refused);
  stage.settle();
  EXPECT_EQ(stage.take_frames(next), Frames{});
}

// Found by seed 11155 of the simulator: the reply was held until there was room, and lost when its client was
// closed meanwhile, so that events of a channel came before "subscribed", or without it.
TEST(ClientCommands, TheReplyToASubscriptionComesBeforeItsEventsAlthoughTheOutboxIsFull) {
  for (const bool closed : {false, true}) {
    ShardStage stage("server.outbox_bytes_max = 1024\n" + service_with("acks = \"on\"\n"));
    const int fd = open_service(stage);
    stage.sockets[fd].capacity = 0;
    const std::string channel(200, 'c');
    const auto send = [&](const std::string& text) {
      stage.send(fd, client_frame(websocket::Opcode::text, text));
    };
    for (int i = 0; i < 11; ++i) send(R"({"type":"ping"})");
    ASSERT_EQ(stage.sockets[fd].incoming, "") << "the outbox is not full yet";
    send(R"({"type":"subscribe","data":{"channel":")" + channel + "\"}}");
    stage.publish("service.channel." + channel, R"({"type":"t","data":{"n":1}})");
    if (closed) {
      stage.admission.begin_drain();
      stage.shard->begin_drain(milliseconds(1));
      stage.run_for(milliseconds(100));
    }
    stage.let_read(fd, FakeSocket::kEndless);
    Frames words;
    for (const std::string& frame : stage.take_frames(fd)) words.push_back(word_of({frame}));
    words.erase(std::remove(words.begin(), words.end(), "pong"), words.end());
    ASSERT_GE(words.size(), 2U);
    EXPECT_EQ(words[0], "subscribed");
    EXPECT_EQ(words[1], "t");
  }
}

// Found by seed 99: such a rest fills the outbox before any reply is in it.
TEST(ClientCommands, AReplyBehindAHalfSentEventLargerThanTheOutboxIsSent) {
  ShardStage stage("server.outbox_bytes_max = 1024\n" + service_with(""));
  const int fd = open_service(stage);
  send_text(stage, fd, subscribe_to("big"));
  stage.sockets[fd].capacity = 100;
  stage.publish("service.channel.big", R"({"type":"t","data":{"pad":")" + std::string(4000, 'e') + "\"}}");
  send_text(stage, fd, R"({"type":"ping"})");
  stage.let_read(fd, FakeSocket::kEndless);
  const Frames frames = stage.take_frames(fd);
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(word_of({frames[0]}), "t");
  EXPECT_EQ(word_of({frames[1]}), "pong");
  EXPECT_EQ(stage.shard->counters().replies_dropped.get(), 0U);
}

// A client that does not read: `publishes` wait for the bus, and one more ping is sent than the outbox takes.
// Then the bus refuses all of them.
struct FullOutbox {
  explicit FullOutbox(std::size_t publishes)
      : stage("server.outbox_bytes_max = 1024\n" + service_with("client_publish = \"on\"\n")),
        fd(open_service(stage)) {
    for (std::size_t i = 0; i < publishes; ++i) send_text(stage, fd, kChat);
    stage.sockets[fd].capacity = 0;
    while (stage.sockets[fd].incoming.empty()) {  // not read any more: its outbox is full
      send_text(stage, fd, R"({"type":"ping"})");
      ++pings;
    }
    for (auto& each : stage.publisher.published) each.done(bus::PublishResult::refused);
    stage.settle();
  }
  Frames words() {
    stage.let_read(fd, FakeSocket::kEndless);
    Frames words;
    for (const std::string& frame : stage.take_frames(fd)) words.push_back(word_of({frame}));
    return words;
  }

  ShardStage stage;
  const int fd;
  std::size_t pings = 0;
};

// Regression: the error replaced the reply before it.
TEST(ClientPublish, AnErrorOfTheBusFollowsTheRepliesInAFullOutbox) {
  FullOutbox full(1);
  Frames expected(full.pings - 1, "pong");  // the last is read when there is room
  expected.insert(expected.end(), {"internal_error", "pong"});
  EXPECT_EQ(full.words(), expected);
  EXPECT_EQ(full.stage.shard->counters().replies_dropped.get(), 0U);
}

TEST(ClientPublish, ErrorsOfTheBusForAFullOutboxAreBoundedAndCounted) {
  FullOutbox full(400);
  const std::uint64_t dropped = full.stage.shard->counters().replies_dropped.get();
  EXPECT_GT(dropped, 0U);
  const Frames words = full.words();
  EXPECT_EQ(static_cast<std::uint64_t>(std::count(words.begin(), words.end(), "internal_error")),
            400 - dropped);
  EXPECT_EQ(static_cast<std::size_t>(std::count(words.begin(), words.end(), "pong")), full.pings);
}

TEST(ClientPublish, IsLimitedToTheChannelsClaim) {
  ShardStage stage(service_with("client_publish = \"on\"\nauth.channels_claim = \"channels\"\n"));
  const int may = open_service(stage, R"({"sub":"a","channels":["conversation:*"]})");
  const int may_not = open_service(stage, R"({"sub":"b","channels":["news"]})");
  const int none = open_service(stage, R"({"sub":"c"})");
  EXPECT_EQ(answer_to(stage, may, kChat), "");
  EXPECT_EQ(answer_to(stage, may_not, kChat), "unauthorized");
  EXPECT_EQ(answer_to(stage, none, kChat), "unauthorized") << "a token without the claim permits nothing";
  EXPECT_EQ(stage.publisher.published.size(), 1U);
}

config::RateSettings three_in_ten_seconds(config::RateWindow kind) {
  config::RateSettings settings;
  settings.messages.value = 3;
  settings.window = seconds(10);
  settings.kind = kind;
  return settings;
}

TEST(MessageRate, AFixedWindowBeginsAnewWithTheFirstMessageAfterItsEnd) {
  const auto settings = three_in_ten_seconds(config::RateWindow::fixed);
  const MonoTime start(seconds(100));
  MessageRate rate(start);
  for (int i = 1; i <= 3; ++i) EXPECT_TRUE(rate.admit(settings, start + seconds(9))) << i;
  EXPECT_FALSE(rate.admit(settings, start + seconds(10))) << "not more than its length after its begin";
  EXPECT_EQ(rate.count(), 4U);
  const MonoTime anew = start + milliseconds(10001);
  for (int i = 1; i <= 3; ++i) EXPECT_TRUE(rate.admit(settings, anew)) << i;
  EXPECT_FALSE(rate.admit(settings, start + seconds(20))) << "the new one is not over yet";
  EXPECT_TRUE(rate.admit(settings, anew + milliseconds(10001)));
}

TEST(MessageRate, ASlidingWindowIsAnyStretchOfItsLength) {
  const auto settings = three_in_ten_seconds(config::RateWindow::sliding);
  const MonoTime start(seconds(100));
  MessageRate rate(start);
  for (const int at : {0, 4, 8}) EXPECT_TRUE(rate.admit(settings, start + seconds(at))) << at;
  EXPECT_FALSE(rate.admit(settings, start + seconds(10)));
  EXPECT_TRUE(rate.admit(settings, start + milliseconds(10001))) << "the first has slid out";
  EXPECT_FALSE(rate.admit(settings, start + seconds(14)));
  EXPECT_TRUE(rate.admit(settings, start + milliseconds(14001)));
}

TEST(Keepalive, AJsonPingAndAPingFrameHaveTheirOwnTimers) {
  ShardStage stage(std::string(kOrion) +
                   "frames.ping = '{\"type\":\"ping\",\"at\":$time_ms}'\nkeepalive.frame = \"20s\"\n");
  const int fd = stage.open_orion();
  const auto after = [&](seconds time) {
    stage.run_for(time);
    return stage.take_frames(fd);
  };
  EXPECT_EQ(after(seconds(20)), Frames{R"(text {"type":"ping","at":"2026-01-01T00:00:20.000Z"})"});
  EXPECT_EQ(after(seconds(10)), Frames{"ping"});
  stage.send(fd, client_frame(Opcode::pong, {}));
  EXPECT_EQ(after(seconds(10)), Frames{R"(text {"type":"ping","at":"2026-01-01T00:00:40.000Z"})"});
  EXPECT_EQ(after(seconds(20)), (Frames{"ping", R"(text {"type":"ping","at":"2026-01-01T00:01:00.000Z"})"}));
}

TEST(Source, NotJsonQuoteQuotesTextAndDropsOtherBytes) {
  ShardStage stage(std::string(kOrion) + "source.not_json = \"quote\"\nframes.event = '{\"p\":$body}'\n");
  const int fd = stage.open_orion();
  stage.publish("orion.x", "he said \"hi\"\n");
  stage.publish("orion.x", "\xff");
  stage.publish("orion.x", "{\"a\":1}");
  EXPECT_EQ(stage.take_frames(fd), (Frames{R"(text {"p":"he said \"hi\"\n"})", R"(text {"p":{"a":1}})"}));
}

TEST(Select, OpenValuesAreSelectedUpToTheLimitOfChannels) {
  ShardStage stage(
      "[[endpoint]]\nprofile = \"fluxora\"\nselect.by = \"query:streamId\"\nselect.value = \"/streamId\"\n"
      "limits.channels = 3\n");
  const int fd = stage.open(upgrade_of("/ws/streams?streamId=a,b&streamId=c,a"));
  EXPECT_EQ(stage.ask(upgrade_of("/ws/streams?streamId=a,b,c,d")).head.substr(9, 3), "400");
  for (const char* id : {"\"a\"", "\"d\"", "1", "null", "\"c\""}) {
    stage.publish("fluxora.streams", R"({"event":"e","streamId":)" + std::string(id) + "}");
  }
  EXPECT_EQ(stage.take_frames(fd),
            (Frames{R"(text {"event":"e","streamId":"a"})", R"(text {"event":"e","streamId":"c"})"}));
}

// Regression: the process aborted, because open() used the HTTP exchange after close() had freed it.
TEST(Select, AClientWhoseSelectionNeedsOneChannelTooManyIsClosedWith1013) {
  ShardStage stage(
      "server.shards = 1\nserver.channels_max = 1\n"
      "[[endpoint]]\nprofile = \"fluxora\"\nselect.by = \"query:streamId\"\nselect.value = \"/streamId\"\n");
  const int first = stage.open(upgrade_of("/ws/streams?streamId=a"));
  const Answer answer = stage.ask(upgrade_of("/ws/streams?streamId=b"));
  EXPECT_EQ(answer.head.substr(0, 12), "HTTP/1.1 101");
  EXPECT_EQ(frames_of(answer.body), (Frames{"close 1013 Too many channels"}));
  EXPECT_EQ(stage.closes(CloseReason::internal), 1U);
  stage.publish("fluxora.streams", R"({"event":"e","streamId":"a"})");
  EXPECT_EQ(stage.take_frames(first), (Frames{R"(text {"event":"e","streamId":"a"})"}));
}

// Regression: "?ids=1" never matched an event with the number 1.
TEST(SelectedValues, ANumberAndABooleanAreSelectedByTheirText) {
  ShardStage stage(
      "[[endpoint]]\nprofile = \"fluxora\"\nselect.by = \"query:ids\"\nselect.value = \"/id\"\n");
  const int one = stage.open(upgrade_of("/ws/streams?ids=1"));
  const int others = stage.open(upgrade_of("/ws/streams?ids=1.0,true"));
  for (const char* id : {"1", "\"1\"", "1.0", "10", "true", "null", "[1]"}) {
    stage.publish("fluxora.streams", R"({"event":"x","id":)" + std::string(id) + "}");
  }
  EXPECT_EQ(stage.take_frames(one),
            (std::vector<std::string>{R"(text {"event":"x","id":1})", R"(text {"event":"x","id":"1"})"}));
  EXPECT_EQ(stage.take_frames(others),
            (std::vector<std::string>{R"(text {"event":"x","id":1.0})", R"(text {"event":"x","id":true})"}));
}

}  // namespace
}  // namespace carillon::gateway::testing
