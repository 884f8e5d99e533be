// Clients that ask for what they missed: a whole shard with the Router and the history.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "gateway/testing/positions.h"
#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using websocket::Opcode;

// Clients subscribe to channels by command.
std::string channels_with(std::string_view lines, std::string_view acks = "on") {
  return std::string(kService) +
         "frames.event = '{\"n\":$body/n,\"at\":$position}'\n"
         "source.require = {}\nacks = \"" +
         std::string(acks) +
         "\"\ncommands.subscribe.position = \"/data/position\"\n"
         "commands.subscribe.last = \"/data/last\"\n"
         "commands.subscribe.reply = "
         "'{\"to\":$channel,\"at\":$position,\"all\":$recovered,\"why\":$reason}'\n" +
         std::string(lines);
}
constexpr std::string_view kThree = "history = { events = 3 }\n";

std::string event(int n, std::uint64_t number) {
  return R"({"n":)" + std::to_string(n) + R"(,"at":")" + position(number) + "\"}";
}
std::string subscribed(std::string_view channel, std::uint64_t number, std::string_view all,
                       std::string_view why = "null") {
  return R"({"to":")" + std::string(channel) + R"(","at":")" + position(number) + R"(","all":)" +
         std::string(all) + R"(,"why":)" + std::string(why) + "}";
}

class Resuming : public ::testing::Test {
 protected:
  void open_stage(std::string_view lines = kThree, std::string_view acks = "on") {
    stage.emplace(channels_with(lines, acks));
  }
  int open() { return stage->open(upgrade_of("/api/ws?token=" + token_with(R"({"sub":"alice"})"))); }
  // Publishes {"n":n}. The first event of a stage has the number 1.
  void publish(std::string_view channel, int n) {
    stage->publish("service.channel." + std::string(channel),
                   R"({"type":"x","n":)" + std::to_string(n) + "}");
  }
  void send(int fd, std::string_view type, std::string_view channel, std::string_view more = {}) {
    stage->send(fd,
                client_frame(Opcode::text, R"({"type":")" + std::string(type) + R"(","data":{"channel":")" +
                                               std::string(channel) + "\"" + std::string(more) + "}}"));
  }
  Frames subscribe(int fd, std::string_view channel, std::string_view more = {}) {
    send(fd, "subscribe", channel, more);
    return taken(*stage, fd);
  }
  static std::string after(std::string_view text) { return R"(,"position":")" + std::string(text) + "\""; }
  static std::string after(std::uint64_t number) { return after(position(number)); }

  std::optional<ShardStage> stage;
};

TEST_F(Resuming, AClientIsSentEveryEventAfterItsPositionAndThenNewOnes) {
  open_stage();
  for (int n = 1; n <= 3; ++n) publish("a", n);
  publish("b", 9);
  const int fd = open();
  EXPECT_THAT(subscribe(fd, "a", after(1)),
              ElementsAre(subscribed("a", 1, "true"), event(2, 2), event(3, 3)));
  publish("a", 4);
  EXPECT_THAT(taken(*stage, fd), ElementsAre(event(4, 5)));
}

TEST_F(Resuming, ASubscriptionWithoutAPositionBeginsNowAndSaysWhere) {
  open_stage();
  publish("a", 1);
  const int fd = open();
  EXPECT_THAT(subscribe(fd, "a"), ElementsAre(subscribed("a", 1, "null")));
  EXPECT_THAT(subscribe(fd, "b", R"(,"position":null)"), ElementsAre(subscribed("b", 1, "null")));
}

// Regression: the client would have resumed after events that it had not been sent.
TEST_F(Resuming, ASecondSubscriptionNamesNoPositionBecauseEventsMayWait) {
  open_stage();
  const int fd = open();
  EXPECT_THAT(subscribe(fd, "a"), ElementsAre(subscribed("a", 0, "null")));
  stage->sockets[fd].capacity = 0;
  publish("a", 1);
  send(fd, "subscribe", "a");
  stage->let_read(fd, FakeSocket::kEndless);
  EXPECT_THAT(taken(*stage, fd), ElementsAre(R"({"to":"a","at":null,"all":null,"why":null})", event(1, 1)));
}

TEST_F(Resuming, APositionOfAnotherChannelIsGoodForEveryChannel) {
  open_stage();
  publish("a", 1);
  publish("b", 2);
  publish("a", 3);
  const int fd = open();
  EXPECT_THAT(subscribe(fd, "a", after(2)), ElementsAre(subscribed("a", 2, "true"), event(3, 3)));
  EXPECT_THAT(subscribe(fd, "quiet", after(2)), ElementsAre(subscribed("quiet", 3, "true")));
}

TEST_F(Resuming, TheLastEventsOfAChannelCanBeAskedFor) {
  open_stage();
  for (int n = 1; n <= 3; ++n) publish("a", n);
  EXPECT_THAT(subscribe(open(), "a", R"(,"last":1)"), ElementsAre(subscribed("a", 2, "true"), event(3, 3)));
  EXPECT_THAT(subscribe(open(), "a", R"(,"last":0)"), ElementsAre(subscribed("a", 3, "true")));
  EXPECT_EQ(subscribe(open(), "a", R"(,"last":1000000000000)").size(), 4U);
}

TEST_F(Resuming, APositionAndALastThatAreNoneAreRefused) {
  open_stage();
  for (const auto* more :
       {R"(,"last":-1)", R"(,"last":"1")", R"(,"last":1.5)", R"(,"position":7)", R"(,"position":{})"}) {
    EXPECT_THAT(subscribe(open(), "a", more), ElementsAre(HasSubstr("invalid_request"))) << more;
  }
}

// The floor of a channel: the newest number that has been evicted.
TEST_F(Resuming, EventsThatAreNotRetainedAnyMoreAreReportedAtTheLimit) {
  open_stage();
  for (int n = 1; n <= 4; ++n) publish("a", n);  // the first is evicted
  EXPECT_THAT(subscribe(open(), "a", after(0)), ElementsAre(subscribed("a", 4, "false", "\"evicted\"")));
  EXPECT_EQ(subscribe(open(), "a", after(1)).size(), 4U);
  EXPECT_EQ(subscribe(open(), "a", after(2)).size(), 3U);
}

TEST_F(Resuming, EventsBeyondTheirAgeAreReported) {
  open_stage("history = { age = \"10s\" }\n");
  publish("a", 1);
  publish("a", 2);
  stage->run_for(milliseconds(9'000));
  EXPECT_EQ(subscribe(open(), "a", after(1)).size(), 2U);
  stage->run_for(milliseconds(2'000));
  EXPECT_THAT(subscribe(open(), "a", after(1)), ElementsAre(subscribed("a", 2, "false", "\"evicted\"")));
  EXPECT_EQ(stage->history.counters().events.get(), 0U) << "the ticks have freed them";
}

TEST_F(Resuming, ForgedPositionsAreUnknown) {
  open_stage();
  publish("a", 1);
  for (const std::string& text :
       {position(1, 0x1235), std::string("x"), std::string(" "), position(1) + "0x", std::string(10'000, '1'),
        std::string("1AAAAAAAAAAA.99999999999999999999")}) {
    EXPECT_THAT(subscribe(open(), "a", after(text)),
                ElementsAre(subscribed("a", 1, "false", "\"unknown_position\"")))
        << text;
  }
}

TEST_F(Resuming, APositionAheadIsWaitedForAndThenUnknown) {
  open_stage();
  publish("a", 1);
  const int fd = open();
  EXPECT_THAT(subscribe(fd, "a", after(3)), IsEmpty());
  publish("a", 2);
  EXPECT_THAT(taken(*stage, fd), IsEmpty()) << "the client has it already";
  publish("a", 3);
  stage->run_for(milliseconds(300));
  EXPECT_THAT(taken(*stage, fd), ElementsAre(subscribed("a", 3, "true")));
  publish("a", 4);
  EXPECT_THAT(taken(*stage, fd), ElementsAre(event(4, 4)));

  const int late = open();
  EXPECT_THAT(subscribe(late, "a", after(1000)), IsEmpty());
  stage->run_for(milliseconds(4'600));
  EXPECT_THAT(taken(*stage, late), IsEmpty());
  stage->run_for(milliseconds(800));
  EXPECT_THAT(taken(*stage, late), ElementsAre(subscribed("a", 4, "false", "\"unknown_position\"")));
}

TEST_F(Resuming, AGapOfTheBusIsReportedToThoseWhoWereAway) {
  open_stage();
  publish("a", 1);
  stage->router.on_gap();  // has the number 2
  publish("a", 3);
  EXPECT_THAT(subscribe(open(), "a", after(1)), ElementsAre(subscribed("a", 3, "false", "\"gap\"")));
  EXPECT_EQ(subscribe(open(), "a", after(2)).size(), 2U);
}

TEST_F(Resuming, AChannelWithoutARuleHasNoHistory) {
  open_stage("[[endpoint.history]]\nchannels = [\"kept.*\"]\n");
  publish("kept.a", 1);
  publish("other", 2);
  EXPECT_EQ(subscribe(open(), "kept.a", after(0)).size(), 2U);
  EXPECT_THAT(subscribe(open(), "other", after(0)),
              ElementsAre(subscribed("other", 2, "false", "\"no_history\"")));
}

TEST_F(Resuming, AClientThatIsSubscribedAlreadyGetsEachEventAfterItsPositionOnce) {
  open_stage();
  const int fd = open();
  subscribe(fd, "a");
  publish("a", 1);
  publish("a", 2);
  taken(*stage, fd);
  EXPECT_THAT(subscribe(fd, "a", after(1)), ElementsAre(subscribed("a", 1, "true"), event(2, 2)));
  publish("a", 3);
  EXPECT_THAT(taken(*stage, fd), ElementsAre(event(3, 3)));
}

TEST_F(Resuming, UnsubscribingEndsASubscriptionThatWaits) {
  open_stage();
  publish("a", 1);
  const int fd = open();
  EXPECT_THAT(subscribe(fd, "a", after(2)), IsEmpty());  // ahead: it waits
  send(fd, "unsubscribe", "a");
  EXPECT_EQ(taken(*stage, fd).size(), 1U);
  publish("a", 2);
  publish("a", 3);
  stage->run_for(milliseconds(6'000));
  EXPECT_THAT(taken(*stage, fd), IsEmpty());
}

TEST_F(Resuming, AClientThatLeavesWhileItWaitsHarmsNobody) {
  open_stage();
  publish("a", 1);
  const int fd = open();
  subscribe(fd, "a", after(2));
  stage->reset(fd);
  const int next = open();  // has the same index
  publish("a", 2);
  publish("a", 3);
  stage->run_for(milliseconds(6'000));
  EXPECT_THAT(taken(*stage, next), IsEmpty());
}

// The end of the history and the beginning of what is new: whatever is published between a request and its
// answer is sent once.
TEST_F(Resuming, EventsThatArriveWhileTheHistoryIsAskedAreSentOnceAndInOrder) {
  open_stage("history = { events = 1000 }\n");
  std::mt19937 random(7);
  int next = 1;
  std::uint64_t number = 0;
  for (int round = 0; round < 200; ++round) {
    const int fd = open();
    stage->arrive(fd, client_frame(Opcode::text,
                                   R"({"type":"subscribe","data":{"channel":"a")" + after(number) + "}}"));
    std::vector<std::string> expected;
    for (int burst = static_cast<int>(random() % 5); burst > 0; --burst) {
      stage->router.on_event({"service.channel.a", R"({"n":)" + std::to_string(next++) + "}"});
      if (random() % 2 == 0) stage->router.on_batch_end();
    }
    stage->settle();
    publish("a", next++);
    Frames frames = taken(*stage, fd);
    ASSERT_FALSE(frames.empty());
    frames.erase(frames.begin());  // the reply
    for (int n = static_cast<int>(number) + 1; n < next; ++n)
      expected.push_back(event(n, static_cast<std::uint64_t>(n)));
    ASSERT_EQ(frames, expected) << "round " << round;
    number = static_cast<std::uint64_t>(next - 1) - random() % 3;
    stage->reset(fd);
  }
}

TEST_F(Resuming, AClientThatTakesLongerThanTheTimeoutIsClosed) {
  open_stage("history = { events = 1000 }\nresume.timeout = \"1s\"\n");
  const std::string filler(2000, 'x');
  for (int n = 1; n <= 200; ++n) {
    stage->publish("service.channel.a", R"({"n":")" + std::to_string(n) + filler + "\"}");
  }
  const int fd = open();
  stage->sockets[fd].capacity = 0;
  subscribe(fd, "a", after(0));
  stage->run_for(milliseconds(750));
  EXPECT_EQ(stage->closes(CloseReason::slow_consumer), 0U);
  stage->run_for(milliseconds(1500));
  EXPECT_EQ(stage->closes(CloseReason::slow_consumer), 1U);
}

TEST_F(Resuming, AReplayIsByteForByteWhatWasSentLive) {
  open_stage();
  const int live = open();
  subscribe(live, "a");
  publish("a", 1);
  const Frames sent = taken(*stage, live);
  stage->run_for(seconds(5));
  Frames again = subscribe(open(), "a", after(0));
  again.erase(again.begin());
  EXPECT_EQ(again, sent);
}

TEST_F(Resuming, AProtocolWithoutSuchAReplyReportsAGapFrame) {
  open_stage(
      "history = { events = 1 }\n"
      "frames.gap = "
      "'{\"gap\":$channel,\"count\":$count,\"before\":$before,\"after\":$after,\"why\":$reason}'\n",
      "off");
  publish("a", 1);
  publish("a", 2);
  EXPECT_THAT(subscribe(open(), "a", after(0)),
              ElementsAre(R"({"gap":"a","count":null,"before":null,"after":null,"why":"evicted"})"));
  EXPECT_THAT(subscribe(open(), "a", after(1)), ElementsAre(event(2, 2)));
}

// --- endpoints whose clients select values, or receive everything --------------------------------

constexpr std::string_view kAll =
    "[[endpoint]]\nprofile = \"orion\"\nframes.event = '{\"n\":$body/n,\"at\":$position}'\n"
    "frames.gap = '{\"gap\":$channel,\"why\":$reason}'\nresume.parameter = \"since\"\n";

// A client with a position in its query, and what it has been sent after the 101.
struct Opened {
  int fd;
  Frames frames;
};
Opened open_since(ShardStage& stage, std::string_view path, std::string_view position,
                  std::string_view more = {}) {
  const Answer answer = stage.ask(upgrade_of(std::string(path) + "?token=" + token_with(R"({"sub":"a"})") +
                                             "&since=" + std::string(position) + std::string(more)));
  EXPECT_TRUE(answer.head.starts_with("HTTP/1.1 101")) << answer.head << answer.body;
  Frames frames;
  for (const std::string& frame : client::testing::frames_of(answer.body)) frames.push_back(frame.substr(5));
  return {stage.last_fd, frames};
}

TEST(ResumingByQuery, EveryEventAfterThePositionIsSent) {
  ShardStage stage(std::string(kAll) + "history = { events = 2 }\n");
  for (int n = 1; n <= 3; ++n) stage.publish("orion.a", R"({"n":)" + std::to_string(n) + "}");
  const auto [fd, missed] = open_since(stage, "/ws", position(1));
  EXPECT_THAT(missed, ElementsAre(event(2, 2), event(3, 3)));
  stage.publish("orion.b", R"({"n":4})");
  EXPECT_THAT(taken(stage, fd), ElementsAre(event(4, 4)));
  const auto [late, gap] = open_since(stage, "/ws", position(0));
  EXPECT_THAT(gap, ElementsAre(R"({"gap":null,"why":"evicted"})"));
  stage.publish("orion.b", R"({"n":5})");
  EXPECT_THAT(taken(stage, late), ElementsAre(event(5, 5)));
}

// Regression: the first frame had the position of the last event although the client had not been sent it
// yet.
TEST(ResumingByQuery, TheFirstFrameHasNoPositionWhileTheClientResumes) {
  ShardStage stage(std::string(kAll) + "history = {}\nframes.open = '{\"from\":$position}'\n");
  stage.publish("orion.a", R"({"n":1})");
  EXPECT_THAT(open_since(stage, "/ws", position(0)).frames, ElementsAre(R"({"from":null})", event(1, 1)));
  EXPECT_THAT(open_since(stage, "/ws", "").frames, ElementsAre(R"({"from":")" + position(1) + "\"}"));
}

TEST(ResumingByQuery, OnlySelectedEventsAreSent) {
  ShardStage stage(std::string(kAll) +
                   "history = {}\nselect.by = \"query:types\"\nselect.known = [\"a\", \"b\", \"c\"]\n");
  int n = 1;
  for (const char* type : {"a", "b", "c", "a"}) {
    stage.publish("orion." + std::string(type), R"({"n":)" + std::to_string(n++) + "}");
  }
  EXPECT_THAT(open_since(stage, "/ws", position(0), "&types=a,c").frames,
              ElementsAre(event(1, 1), event(3, 3), event(4, 4)));
  EXPECT_THAT(open_since(stage, "/ws", position(0), "&types=none").frames, IsEmpty());
}

TEST(ResumingByQuery, ValuesOfAPathHaveHistoriesOfTheirOwn) {
  ShardStage stage(std::string(kAll) + "history = {}\nselect.by = \"path:room\"\npath = \"/rooms/{room}\"\n");
  stage.publish("orion.a", R"({"n":1})");
  stage.publish("orion.b", R"({"n":2})");
  EXPECT_THAT(open_since(stage, "/rooms/b", position(0)).frames, ElementsAre(event(2, 2)));
}

}  // namespace
}  // namespace carillon::gateway::testing
