// Clients that read a channel's history by command: a whole shard with the Router and the history.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/testing/positions.h"
#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using websocket::Opcode;

std::string pages_with(std::string_view lines) {
  const bool has_frame = lines.find("frames.event") != std::string_view::npos;
  return std::string(kService) + (has_frame ? "" : "frames.event = '{\"n\":$body/n,\"at\":$position}'\n") +
         "source.require = {}\nacks = \"on\"\n"
         "commands.history.is = \"history\"\ncommands.history.channel = \"/data/channel\"\n"
         "commands.history.after = \"/data/after\"\ncommands.history.limit = \"/data/limit\"\n"
         "commands.history.reply = "
         "'{\"of\":$channel,\"has\":$events,\"all\":$recovered,\"at\":$position,\"why\":$reason,\"more\":$"
         "more}'"
         "\n" +
         std::string(lines);
}
constexpr std::string_view kHistory = "history = { events = 10 }\n";

std::string event(int n, std::uint64_t number) {
  return R"({"n":)" + std::to_string(n) + R"(,"at":")" + position(number) + "\"}";
}
struct Page {
  std::string_view channel;
  std::string events;
  std::uint64_t at;
  std::string_view more = "false";
  std::string_view why{};
  std::string text() const {
    return R"({"of":")" + std::string(channel) + R"(","has":[)" + events + R"(],"all":)" +
           (why.empty() ? "true" : "false") + R"(,"at":")" + position(at) + R"(","why":)" +
           (why.empty() ? std::string("null") : "\"" + std::string(why) + "\"") + R"(,"more":)" +
           std::string(more) + "}";
  }
};

class HistoryCommand : public ::testing::Test {
 protected:
  void open_stage(std::string_view lines = kHistory) { stage.emplace(pages_with(lines)); }
  int open(std::string_view claims = R"({"sub":"alice"})") {
    return stage->open(upgrade_of("/api/ws?token=" + token_with(claims)));
  }
  // Publishes {"n":n}. The first event of a stage has the number 1.
  void publish(std::string_view channel, int n, std::string_view more = {}) {
    stage->publish("service.channel." + std::string(channel),
                   R"({"type":"x","n":)" + std::to_string(n) + std::string(more) + "}");
  }
  static std::string command(std::string_view type, std::string_view channel, std::string_view more) {
    return client_frame(Opcode::text, R"({"type":")" + std::string(type) + R"(","data":{"channel":")" +
                                          std::string(channel) + "\"" + std::string(more) + "}}");
  }
  Frames ask(int fd, std::string_view channel, std::string_view more = {}) {
    stage->send(fd, command("history", channel, more));
    return taken(*stage, fd);
  }
  static std::string after(std::uint64_t number) { return R"(,"after":")" + position(number) + "\""; }
  std::uint64_t overloaded() { return stage->shard->counters().histories_overloaded.get(); }

  std::optional<ShardStage> stage;
};

TEST_F(HistoryCommand, HasTheFirstEventsAfterAPositionAndSaysWhereTheNextPageBegins) {
  open_stage();
  for (int n = 1; n <= 5; ++n) publish("a", n);
  publish("b", 9);
  const int fd = open();
  EXPECT_THAT(ask(fd, "a", after(1) + R"(,"limit":2)"),
              ElementsAre(Page{"a", event(2, 2) + "," + event(3, 3), 3, "true"}.text()));
  EXPECT_THAT(ask(fd, "a", after(3) + R"(,"limit":2)"),
              ElementsAre(Page{"a", event(4, 4) + "," + event(5, 5), 5}.text()));
  EXPECT_THAT(ask(fd, "a", after(5) + R"(,"limit":2)"), ElementsAre(Page{"a", "", 6}.text()))
      << "nothing is missing up to the last event of the gateway";
}

TEST_F(HistoryCommand, HasTheLastEventsWithoutAPosition) {
  open_stage();
  for (int n = 1; n <= 3; ++n) publish("a", n);
  const int fd = open();
  EXPECT_THAT(ask(fd, "a", R"(,"limit":2)"),
              ElementsAre(Page{"a", event(2, 2) + "," + event(3, 3), 3, "true"}.text()));
  const std::string all = event(1, 1) + "," + event(2, 2) + "," + event(3, 3);
  EXPECT_THAT(ask(fd, "a", R"(,"limit":3)"), ElementsAre(Page{"a", all, 3}.text()));
  EXPECT_THAT(ask(fd, "a", R"(,"after":null,"limit":null)"), ElementsAre(Page{"a", all, 3}.text()));
  EXPECT_THAT(ask(fd, "quiet"), ElementsAre(Page{"quiet", "", 3}.text()));
}

TEST_F(HistoryCommand, HasAsManyEventsAsTheLimitAndNoMore) {
  open_stage("history = { events = 10 }\ncommands.history.events_max = 2\n");
  for (int n = 1; n <= 3; ++n) publish("a", n);
  const int fd = open();
  for (const char* limit : {R"(,"limit":2)", R"(,"limit":3)", R"(,"limit":1000000000000)", ""}) {
    EXPECT_THAT(ask(fd, "a", limit),
                ElementsAre(Page{"a", event(2, 2) + "," + event(3, 3), 3, "true"}.text()))
        << limit;
  }
  EXPECT_THAT(ask(fd, "a", R"(,"limit":1)"), ElementsAre(Page{"a", event(3, 3), 3, "true"}.text()));
}

TEST_F(HistoryCommand, HasAsManyBytesAsTheLimitAndAtLeastOneEvent) {
  open_stage("history = { events = 10 }\nframes.event = '$body/s'\ncommands.history.bytes_max = 1024\n");
  const auto text = [](std::size_t bytes) { return "\"" + std::string(bytes - 2, 'x') + "\""; };
  for (const std::size_t bytes : {512U, 512U, 511U, 1025U}) publish("a", 1, ",\"s\":" + text(bytes));
  const int fd = open();
  const std::string two = text(512) + "," + text(512);
  EXPECT_THAT(ask(fd, "a", after(0)), ElementsAre(Page{"a", two, 2, "true"}.text()));
  EXPECT_THAT(ask(fd, "a", after(1)), ElementsAre(Page{"a", text(512) + "," + text(511), 3, "true"}.text()));
  EXPECT_THAT(ask(fd, "a", after(2)), ElementsAre(Page{"a", text(511), 3, "true"}.text()));
  EXPECT_THAT(ask(fd, "a", after(3)), ElementsAre(Page{"a", text(1025), 4}.text()));
  EXPECT_THAT(ask(fd, "a"), ElementsAre(Page{"a", text(1025), 4, "true"}.text()));
}

TEST_F(HistoryCommand, SaysWhyTheEventsAfterAPositionAreNotComplete) {
  open_stage("[[endpoint.history]]\nchannels = [\"a\"]\nevents = 2\n");
  for (int n = 1; n <= 3; ++n) publish("a", n);
  const int fd = open();
  EXPECT_THAT(ask(fd, "a", after(0)), ElementsAre(Page{"a", "", 3, "false", "evicted"}.text()));
  EXPECT_THAT(ask(fd, "b"), ElementsAre(Page{"b", "", 3, "false", "no_history"}.text()));
  EXPECT_THAT(ask(fd, "a", R"(,"after":"x")"),
              ElementsAre(Page{"a", "", 3, "false", "unknown_position"}.text()));
}

TEST_F(HistoryCommand, IsRefusedWhenAMemberIsOfTheWrongType) {
  open_stage();
  const int fd = open();
  for (const char* more : {R"(,"limit":0)", R"(,"limit":-1)", R"(,"limit":"2")", R"(,"limit":1.5)",
                           R"(,"after":7)", R"(,"after":{})"}) {
    EXPECT_THAT(ask(fd, "a", more), ElementsAre(HasSubstr("invalid_request"))) << more;
  }
  EXPECT_THAT(ask(fd, ""), ElementsAre(HasSubstr("subscription_failed")));
}

TEST_F(HistoryCommand, IsOnlyForChannelsThatTheClientMaySubscribeTo) {
  open_stage("history = {}\nauth.channels_claim = \"channels\"\nsource.channels = [\"*\"]\n");
  stage->publish("a", R"({"n":1})");
  const int fd = open(R"({"channels":["a","carillon.*"]})");
  EXPECT_THAT(ask(fd, "a"), ElementsAre(Page{"a", event(1, 1), 1}.text()));
  EXPECT_THAT(ask(fd, "b"), ElementsAre(HasSubstr("unauthorized")));
  EXPECT_THAT(ask(fd, "carillon.x"), ElementsAre(HasSubstr("those channels are reserved")));
  EXPECT_THAT(ask(open(), "a"), ElementsAre(HasSubstr("unauthorized"))) << "no claim permits no channel";
}

TEST_F(HistoryCommand, IsAnsweredAlthoughTheClientUnsubscribesMeanwhile) {
  open_stage();
  publish("a", 1);
  const int fd = open();
  stage->send(fd, command("history", "a", "") + command("unsubscribe", "a", ""));
  EXPECT_THAT(taken(*stage, fd), ElementsAre(HasSubstr("unsubscribed"), HasSubstr(R"("of":"a")")));
}

// Each answer has 1,000 bytes. The outbox takes one of them, and 1,024 bytes beyond.
TEST_F(HistoryCommand, HasNoEventsForAClientThatDoesNotRead) {
  open_stage(
      "history = { events = 10 }\nframes.event = '$body/s'\ncommands.history.bytes_max = 1024\n"
      "[server]\noutbox_bytes_max = 1024\n");
  publish("a", 1, ",\"s\":\"" + std::string(898, 'x') + "\"");
  const int fd = open();
  stage->sockets[fd].capacity = 0;
  std::string commands;
  for (int i = 0; i < 4; ++i) commands += command("history", "a", "");
  stage->send(fd, commands);
  stage->let_read(fd, FakeSocket::kEndless);
  const Frames frames = taken(*stage, fd);
  ASSERT_EQ(frames.size(), 4U);
  EXPECT_THAT(frames[0], HasSubstr("xxx"));
  EXPECT_THAT(frames[1], HasSubstr("xxx"));
  for (int i = 2; i < 4; ++i) {
    EXPECT_EQ(frames[static_cast<std::size_t>(i)],
              R"({"of":"a","has":[],"all":false,"at":null,"why":"overloaded","more":true})");
  }
  EXPECT_EQ(overloaded(), 2U);
  EXPECT_EQ(stage->shard->counters().replies_dropped.get(), 0U);
  EXPECT_EQ(ask(fd, "a").size(), 1U) << "it is read again";
  EXPECT_EQ(overloaded(), 2U);
}

TEST_F(HistoryCommand, IsCountedByItsOutcomeAndNotAsAResume) {
  open_stage("[[endpoint.history]]\nchannels = [\"a\"]\nevents = 2\n");
  const int fd = open();
  ask(fd, "a");
  ask(fd, "b");
  const ResumeCounters& counters = stage->desk.counters();
  EXPECT_EQ(counters.pages[ResumeOutcome::recovered].get(), 1U);
  EXPECT_EQ(counters.pages[ResumeOutcome::no_history].get(), 1U);
  EXPECT_EQ(counters.outcomes[ResumeOutcome::recovered].get(), 0U);
  EXPECT_EQ(counters.outcomes[ResumeOutcome::no_history].get(), 0U);
}

// --- the events in the reply to a subscribe command ---------------------------------------------

TEST_F(HistoryCommand, ASubscribeReplyCanHaveTheMissedEventsAndTheRestFollows) {
  open_stage(
      "history = { events = 10 }\ncommands.history.bytes_max = 1024\nframes.event = '$body/s'\n"
      "commands.subscribe.position = \"/data/position\"\n"
      "commands.subscribe.reply = '{\"to\":$channel,\"has\":$events,\"at\":$position,\"all\":$recovered}'\n");
  const std::string text = "\"" + std::string(510, 'x') + "\"";
  for (int n = 1; n <= 3; ++n) publish("a", n, ",\"s\":" + text);
  const auto subscribe = [&](std::string_view more) {
    const int fd = open();
    stage->send(fd, command("subscribe", "a", more));
    return taken(*stage, fd);
  };
  const auto reply = [](const std::string& events, std::uint64_t at, std::string_view all) {
    return R"({"to":"a","has":)" + events + R"(,"at":")" + position(at) + R"(","all":)" + std::string(all) +
           "}";
  };
  EXPECT_THAT(subscribe(R"(,"position":")" + position(0) + "\""),
              ElementsAre(reply("[" + text + "," + text + "]", 2, "true"), text));
  EXPECT_THAT(subscribe(R"(,"position":")" + position(1) + "\""),
              ElementsAre(reply("[" + text + "," + text + "]", 3, "true")));
  EXPECT_THAT(subscribe(R"(,"position":")" + position(3) + "\""), ElementsAre(reply("null", 3, "true")));
  EXPECT_THAT(subscribe(""), ElementsAre(reply("null", 3, "null")));
}

}  // namespace
}  // namespace carillon::gateway::testing
