// Event streams that ask for what they missed: a whole shard with the Router and the history.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "gateway/testing/positions.h"
#include "gateway/testing/stream_requests.h"

namespace carillon::gateway::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// --- clients that list their channels -----------------------------------------------------------

// `lines` may have other values of the defaults.
std::string channels_with(std::string_view lines, std::string_view transports) {
  std::string toml = std::string(kService) + "transports = [" + std::string(transports) +
                     "]\nselect.streams = \"query:channels\"\nresume.parameter = \"since\"\n"
                     "source.require = {}\n" +
                     std::string(lines);
  constexpr std::string_view kDefaults[] = {
      "frames.event = '{\"n\":$body/n}'\n", "acks = \"on\"\n",
      "commands.subscribe.reply = "
      "'{\"type\":\"subscribed\",\"to\":$channel,\"at\":$position,\"all\":$recovered,\"why\":$reason,"
      "\"id\":$request/id}'\n"};
  for (const std::string_view each : kDefaults) {
    if (lines.find(each.substr(0, each.find(' '))) == std::string_view::npos) {
      toml.insert(kService.size(), each);
    }
  }
  return toml;
}
constexpr std::string_view kThree = "history = { events = 3 }\n";

std::string subscribed(std::string_view channel, std::uint64_t number, std::string_view all,
                       std::string_view why = "null") {
  return R"({"type":"subscribed","to":")" + std::string(channel) + R"(","at":")" + position(number) +
         R"(","all":)" + std::string(all) + R"(,"why":)" + std::string(why) + R"(,"id":null})";
}
std::string sse_subscribed(std::string_view channel, std::uint64_t number, std::string_view all,
                           std::string_view why = "null") {
  return "event: subscribed\ndata: " + subscribed(channel, number, all, why) + "\n\n";
}
std::string id(std::uint64_t number) { return "id: " + position(number) + "\n"; }
std::string sse_event(int n, std::uint64_t number) {
  return "data: {\"n\":" + std::to_string(n) + "}\n" + id(number) + "\n";
}
std::string last_event_id(std::uint64_t number) { return "Last-Event-ID: " + position(number) + "\r\n"; }

class StreamResume : public ::testing::Test {
 protected:
  void open_stage(std::string_view lines = kThree, std::string_view transports = "\"sse\", \"ndjson\"") {
    stage.emplace(channels_with(lines, transports));
  }
  void publish(std::string_view channel, int n) {
    stage->publish("service.channel." + std::string(channel), "{\"n\":" + std::to_string(n) + "}");
  }
  static std::string target(std::string_view channels, std::string_view more = {}) {
    return "/api/ws?token=" + token_with(R"({"sub":"alice"})") + "&channels=" + std::string(channels) +
           std::string(more);
  }
  // The body of a new SSE stream so far, without the first line.
  std::string open(std::string_view channels, std::string_view headers = {}, std::string_view more = {}) {
    const Answer answer = stage->ask(sse_request(target(channels, more), headers));
    EXPECT_THAT(answer.head, StartsWith("HTTP/1.1 200")) << answer.body;
    EXPECT_THAT(answer.body, StartsWith(kOpening));
    return answer.body.substr(std::min(answer.body.size(), kOpening.size()));
  }
  std::string received() { return stage->take_received(stage->last_fd); }

  std::optional<ShardStage> stage;
};

TEST_F(StreamResume, ANewStreamIsToldWhereEachChannelStandsAndEachEventHasItsId) {
  open_stage();
  publish("a", 1);
  EXPECT_EQ(open("a,b"), sse_subscribed("a", 1, "null") + sse_subscribed("b", 1, "null") + id(1) + "\n");
  publish("b", 2);
  publish("a", 3);
  EXPECT_EQ(received(), sse_event(2, 2) + sse_event(3, 3));
}

TEST_F(StreamResume, WithoutAHistoryNothingIsAdded) {
  stage.emplace(std::string(kService) +
                "transports = [\"sse\"]\nselect.streams = \"query:channels\"\nacks = \"on\"\n"
                "source.require = {}\nframes.event = '{\"n\":$body/n}'\n");
  EXPECT_EQ(open("a,b", last_event_id(0)), "");
  publish("a", 1);
  EXPECT_EQ(received(), "data: {\"n\":1}\n\n");
  stage->run_for(seconds(16));
  EXPECT_EQ(received(), ":\n\n");
}

TEST_F(StreamResume, EveryEventAfterTheLastEventIdIsSentByteForByteAndThenNewOnes) {
  open_stage();
  open("a,b");
  const int live = stage->last_fd;
  for (int n = 1; n <= 4; ++n) publish(n % 2 == 0 ? "a" : "b", n);
  const std::string sent = stage->take_received(live);
  EXPECT_EQ(sent, sse_event(1, 1) + sse_event(2, 2) + sse_event(3, 3) + sse_event(4, 4));
  stage->run_for(seconds(5));
  const std::string again = open("a,b", last_event_id(1));
  EXPECT_EQ(again, sse_subscribed("a", 1, "true") + sse_subscribed("b", 1, "true") + id(1) + "\n" +
                       sent.substr(sse_event(1, 1).size()));
  publish("a", 5);
  EXPECT_EQ(received(), sse_event(5, 5));
}

TEST_F(StreamResume, TheHeaderCountsMoreThanTheQuery) {
  open_stage();
  for (int n = 1; n <= 3; ++n) publish("a", n);
  EXPECT_THAT(open("a", "", "&since=" + position(1)), HasSubstr(sse_event(2, 2) + sse_event(3, 3)));
  const std::string both = open("a", last_event_id(2), "&since=" + position(1));
  EXPECT_EQ(both, sse_subscribed("a", 2, "true") + id(2) + "\n" + sse_event(3, 3));
  EXPECT_THAT(open("a", "Last-Event-ID: \r\n", "&since=" + position(2)), HasSubstr(sse_event(3, 3)));
}

TEST_F(StreamResume, AChannelThatCannotBeRecoveredSaysSoAndTheOthersAre) {
  open_stage("[[endpoint.history]]\nchannels = [\"a\", \"c\"]\nevents = 2\n");
  for (int n = 1; n <= 3; ++n) publish("a", n);  // the first is evicted
  publish("b", 4);
  publish("c", 5);
  EXPECT_EQ(open("a,b,c", last_event_id(0)), sse_subscribed("a", 5, "false", "\"evicted\"") +
                                                 sse_subscribed("b", 5, "false", "\"no_history\"") +
                                                 sse_subscribed("c", 4, "true") + id(4) + "\n" +
                                                 sse_event(5, 5));
  EXPECT_EQ(stage->desk.counters().outcomes[ResumeOutcome::evicted].get(), 1U);
  EXPECT_EQ(stage->desk.counters().outcomes[ResumeOutcome::recovered].get(), 1U);
  publish("a", 6);
  publish("b", 7);
  EXPECT_EQ(received(), sse_event(6, 6) + sse_event(7, 7));
}

TEST_F(StreamResume, AForgedIdIsUnknown) {
  open_stage();
  publish("a", 1);
  for (const std::string& text : {position(1, 0x1235), std::string("7"), std::string(5'000, '1')}) {
    EXPECT_EQ(open("a", "Last-Event-ID: " + text + "\r\n"),
              sse_subscribed("a", 1, "false", "\"unknown_position\"") + id(1) + "\n");
  }
}

TEST_F(StreamResume, AHeartbeatHasThePositionUnlessEventsWait) {
  open_stage(std::string(kThree) + "lag.age_max = \"60s\"\n");
  open("a");
  publish("quiet", 1);
  stage->run_for(seconds(16));
  EXPECT_EQ(received(), id(1) + "\n");
  EXPECT_EQ(open("a", last_event_id(1)), sse_subscribed("a", 1, "true") + id(1) + "\n");
  stage->run_for(seconds(14));
  stage->sockets[stage->last_fd].capacity = 0;
  publish("a", 2);
  stage->run_for(seconds(2));
  stage->let_read(stage->last_fd, FakeSocket::kEndless);
  EXPECT_EQ(received(), ":\n\n" + sse_event(2, 2));
}

TEST_F(StreamResume, AnEndpointWithoutWebSocketsRetainsEventsThatNobodyReceived) {
  open_stage(kThree, "\"sse\"");
  publish("a", 1);
  publish("a", 2);
  EXPECT_EQ(open("a", last_event_id(1)), sse_subscribed("a", 1, "true") + id(1) + "\n" + sse_event(2, 2));
}

TEST_F(StreamResume, TheQueryIsNotForWebSocketsThatSubscribeByCommand) {
  open_stage(kThree, "\"websocket\", \"sse\"");
  publish("a", 1);
  const int fd = stage->open(upgrade_of(target("a", "&since=x")));
  publish("a", 2);
  EXPECT_EQ(stage->take_received(fd), "");
  EXPECT_EQ(stage->all_closes(), 0U);
}

TEST_F(StreamResume, NdjsonResumesByTheQuery) {
  open_stage(std::string(kThree) + "frames.event = '{\"n\":$body/n,\"at\":$position}'\n");
  for (int n = 1; n <= 3; ++n) publish("a", n);
  const Answer answer = stage->ask(ndjson_request(target("a", "&since=" + position(1))));
  EXPECT_EQ(answer.body, subscribed("a", 1, "true") + "\n{\"n\":2,\"at\":\"" + position(2) +
                             "\"}\n{\"n\":3,\"at\":\"" + position(3) + "\"}\n");
}

TEST_F(StreamResume, AProtocolWithoutSuchAReplyReportsAGapFrame) {
  open_stage(
      "history = { events = 1 }\nframes.gap = '{\"type\":\"gap\",\"of\":$channel,\"why\":$reason}'\n"
      "acks = \"off\"\n");
  publish("a", 1);
  publish("a", 2);
  EXPECT_EQ(open("a,b", last_event_id(0)),
            "event: gap\ndata: {\"type\":\"gap\",\"of\":\"a\",\"why\":\"evicted\"}\n\n" + id(2) + "\n")
      << "nothing of the other channel is missing";
}

TEST_F(StreamResume, AClientThatIsTooSlowIsToldOfTheGapInItsOwnFormat) {
  open_stage(
      "history = { events = 1 }\nframes.gap = '{\"type\":\"gap\",\"of\":$channel,\"count\":$count}'\n"
      "lag.policy = \"skip\"\nlag.bytes_max = \"64KiB\"\n");
  open("a");
  stage->sockets[stage->last_fd].capacity = 0;
  const std::string body = "{\"n\":\"" + std::string(10'000, 'x') + "\"}";
  for (int i = 0; i < 40; ++i) stage->publish("service.channel.a", body);
  stage->let_read(stage->last_fd, FakeSocket::kEndless);
  EXPECT_THAT(received(), HasSubstr("event: gap\ndata: {\"type\":\"gap\",\"of\":\"a\",\"count\":"));
}

TEST_F(StreamResume, AClientThatLeavesWhileItWaitsHarmsNobody) {
  open_stage();
  EXPECT_EQ(open("a", last_event_id(3)), "") << "the position is ahead: it waits";
  stage->reset(stage->last_fd);
  open("b");
  for (int n = 1; n <= 4; ++n) publish("a", n);
  stage->run_for(seconds(6));
  EXPECT_EQ(received(), "");
}

// Cut anywhere, resumed from the last id that has arrived as a whole: every event of every channel once and
// in order.
TEST_F(StreamResume, WhereverAStreamIsCutItsLastIdIsGoodForAllOfItsChannels) {
  open_stage("history = { events = 100000 }\n");
  std::mt19937 dice(5);
  std::string last;
  std::string expected;
  std::string got;
  int n = 0;
  for (int round = 0; round < 300; ++round) {
    const std::string headers = last.empty() ? "" : "Last-Event-ID: " + last + "\r\n";
    const Answer answer = stage->ask(sse_request(target("a,b,c"), headers));
    const int fd = stage->last_fd;
    stage->sockets[fd].capacity = dice() % 2 == 0 ? dice() % 2'000 : 1'000'000;
    for (int burst = static_cast<int>(dice() % 12); burst > 0; --burst) {
      const std::string channel(1, "abc"[dice() % 3]);
      stage->router.on_event({"service.channel." + channel, "{\"n\":" + std::to_string(++n) + "}"});
      expected += std::to_string(n) + " ";
      if (dice() % 3 == 0) stage->router.on_batch_end();
    }
    stage->router.on_batch_end();
    stage->settle();
    std::string text = answer.body + stage->take_received(fd);
    text.resize(dice() % 4 == 0 ? dice() % (text.size() + 1) : text.size());
    for (std::size_t end = 0; (end = text.find("\n\n")) != std::string::npos; text.erase(0, end + 2)) {
      const std::string record = text.substr(0, end + 1);
      const std::size_t id_at = record.rfind("id: ");
      if (id_at != std::string::npos) last = record.substr(id_at + 4, record.find('\n', id_at) - id_at - 4);
      const std::size_t data = record.find("data: {\"n\":");
      if (data != std::string::npos) got += record.substr(data + 11, record.find('}') - data - 11) + " ";
    }
    stage->reset(fd);
  }
  EXPECT_THAT(open("a,b,c", "Last-Event-ID: " + last + "\r\n"), HasSubstr("\"all\":true"));
  EXPECT_GT(got.size(), expected.size() / 2);
  EXPECT_EQ(got, expected.substr(0, got.size()));
}

// --- clients that receive everything, or select values ------------------------------------------

TEST(StreamResumeOfAll, TheLastEventIdIsEnough) {
  ShardStage stage(kStreaming + "history = { events = 2 }\nframes.gap = '{\"gap\":$reason}'\n");
  for (const auto* body : {"1", "2", "3"}) stage.publish("orion.a", body);
  const std::string body = R"({"c":"orion.a","b":)";
  EXPECT_EQ(stage.ask(sse_of_alice(last_event_id(1))).body, std::string(kOpening) + id(1) + "\n" +
                                                                "data: " + body + "2}\n" + id(2) +
                                                                "\ndata: " + body + "3}\n" + id(3) + "\n");
  EXPECT_EQ(stage.ask(sse_of_alice(last_event_id(0))).body,
            std::string(kOpening) + "data: {\"gap\":\"evicted\"}\n\n" + id(3) + "\n");
  EXPECT_EQ(stage.ask(sse_of_alice()).body, std::string(kOpening) + id(3) + "\n");
}

TEST(StreamResumeOfAll, OnlySelectedEventsAreSent) {
  ShardStage stage(kStreaming +
                   "history = {}\nframes.gap = '{}'\nselect.by = \"query:types\"\n"
                   "select.known = [\"a\", \"b\", \"c\"]\n");
  for (const auto* type : {"a", "b", "c", "a"}) stage.publish("orion." + std::string(type), "1");
  const std::string body = stage.ask(sse_request(with_token("&types=a,c"), last_event_id(0))).body;
  EXPECT_THAT(body, HasSubstr("}\n" + id(1)));
  EXPECT_THAT(body, ::testing::Not(HasSubstr(id(2))));
  EXPECT_THAT(body, HasSubstr("}\n" + id(3)));
  EXPECT_THAT(body, HasSubstr("}\n" + id(4)));
}

TEST(StreamResumeOfAll, AllTransportsShareOneHistory) {
  ShardStage stage(kStreaming + "history = {}\nframes.gap = '{}'\nresume.parameter = \"since\"\n");
  stage.publish("orion.a", "1");
  EXPECT_EQ(stage.history.counters().events.get(), 1U);
  const std::string frame = R"({"c":"orion.a","b":1})";
  const std::string since = "&since=" + position(0);
  EXPECT_THAT(stage.ask(ndjson_request(with_token(since))).body, frame + "\n");
  EXPECT_THAT(stage.ask(sse_request(with_token(since))).body,
              HasSubstr("data: " + frame + "\n" + id(1) + "\n"));
  EXPECT_THAT(stage.ask(upgrade_of(with_token(since))).body, HasSubstr(frame));
}

}  // namespace
}  // namespace carillon::gateway::testing
