// CommandDispatcher on its own: each test passes a client's message in and checks what is sent to that
// client.
#include "gateway/command_dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/testing/allocation_ceiling.h"
#include "gateway/testing/command_stage.h"

namespace carillon::gateway::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(CommandDispatcher, APingIsAnsweredWithThePongOfTheProtocol) {
  CommandStage stage;
  const CommandClient client = stage.join();
  EXPECT_THAT(stage.answer_to(client, R"({"type":"ping"})"),
              ElementsAre(R"({"type":"pong","data":{},"timestamp":")" + std::string(kTime) + "\"}"));
  EXPECT_EQ(stage.counters.commands.get(), 1U);
  EXPECT_EQ(stage.counters.error_frames.get(), 0U);
}

TEST(CommandDispatcher, SubscribingAndUnsubscribingAreSilentWithoutAcks) {
  CommandStage stage;
  const CommandClient client = stage.join();
  EXPECT_THAT(stage.subscribe(client, "news"), IsEmpty());
  EXPECT_EQ(stage.channels(), 1U);
  EXPECT_THAT(stage.answer_to(client, R"({"type":"unsubscribe","data":{"channel":"news"}})"), IsEmpty());
  stage.audiences.remove_deserted();
  EXPECT_EQ(stage.channels(), 0U);
}

TEST(CommandDispatcher, SubscribingAndUnsubscribingAreAcknowledgedWithAcks) {
  CommandStage stage(service_with("acks = \"on\"\n"));
  const CommandClient client = stage.join();
  const std::string rest = R"(,"data":{"channel":"news"},"timestamp":")" + std::string(kTime) + "\"}";
  EXPECT_THAT(stage.subscribe(client, "news"), ElementsAre(R"({"type":"subscribed")" + rest));
  EXPECT_THAT(stage.subscribe(client, "news"), ElementsAre(R"({"type":"subscribed")" + rest));
  EXPECT_EQ(stage.channels(), 1U);
  EXPECT_THAT(stage.answer_to(client, R"({"type":"unsubscribe","data":{"channel":"news"}})"),
              ElementsAre(R"({"type":"unsubscribed")" + rest));
}

TEST(CommandDispatcher, AChannelThatTheTokenDoesNotPermitIsRefused) {
  CommandStage stage;
  std::vector<ChannelPattern> permitted;
  permitted.push_back(*ChannelPattern::parse("news.*"));
  const CommandClient client = stage.join(auth::Identity::make("alice", std::nullopt, std::move(permitted)));
  EXPECT_THAT(stage.subscribe(client, "secret"),
              ElementsAre(error_text("unauthorized", "Authentication failed or insufficient permissions")));
  EXPECT_EQ(stage.channels(), 0U);
  EXPECT_THAT(stage.subscribe(client, "news.today"), IsEmpty());
  EXPECT_EQ(stage.channels(), 1U);
}

TEST(CommandDispatcher, AClientWithoutATokenMaySubscribeWhereNoneIsAskedFor) {
  CommandStage stage;
  const CommandClient client = stage.join({});
  EXPECT_THAT(stage.subscribe(client, "news"), IsEmpty());
  EXPECT_EQ(stage.channels(), 1U);
}

TEST(CommandDispatcher, AReservedChannelIsRefusedAndCounted) {
  CommandStage stage(service_with("source.channels = [\"*\"]\n"));
  const CommandClient client = stage.join();
  const Texts texts = stage.subscribe(client, "carillon.x");
  ASSERT_EQ(texts.size(), 1U);
  EXPECT_THAT(texts[0], HasSubstr("those channels are reserved"));
  EXPECT_EQ(stage.counters.commands_reserved.get(), 1U);
  EXPECT_EQ(stage.channels(), 0U);
}

TEST(CommandDispatcher, AStarInANameIsLoggedAndSubscribedToAsALetter) {
  CommandStage stage;
  const CommandClient client = stage.join();
  EXPECT_THAT(stage.subscribe(client, "news.*"), IsEmpty());
  EXPECT_EQ(stage.channels(), 1U);
  ASSERT_EQ(stage.log.records.size(), 1U);
  EXPECT_EQ(stage.log.records[0].fields.at("channel"), "news.*");
}

TEST(CommandDispatcher, TheErrorSaysWhetherTheClientOrTheServerHasTooManyChannels) {
  CommandStage stage("server.channels_max = 2\n" + service_with("limits.channels = 1\n"));
  const CommandClient first = stage.join();
  const CommandClient second = stage.join();
  const CommandClient third = stage.join();
  EXPECT_THAT(stage.subscribe(first, "a"), IsEmpty());
  EXPECT_THAT(stage.subscribe(first, "b"), ElementsAre(not_subscribed("too many channels")));
  EXPECT_THAT(stage.subscribe(second, "b"), IsEmpty());
  EXPECT_THAT(stage.subscribe(third, "c"), ElementsAre(not_subscribed("the server has too many channels")));
  EXPECT_EQ(stage.counters.error_frames.get(), 2U);
}

TEST(CommandDispatcher, AMessageThatIsNoCommandGetsAnErrorFrame) {
  CommandStage stage;
  const CommandClient client = stage.join();
  const Texts texts = stage.answer_to(client, "no JSON");
  ASSERT_EQ(texts.size(), 1U);
  EXPECT_THAT(texts[0], HasSubstr(R"("code":"invalid_request")"));
  EXPECT_EQ(stage.counters.commands.get(), 1U);
  EXPECT_EQ(stage.counters.error_frames.get(), 1U);
}

TEST(CommandDispatcher, WhereTheProtocolHasNoErrorFrameNothingIsSentOrCounted) {
  CommandStage stage(service_with("frames.error = \"\"\n"));
  const CommandClient client = stage.join();
  EXPECT_THAT(stage.answer_to(client, "no JSON"), IsEmpty());
  EXPECT_TRUE(stage.dispatcher.send_error(client, {.kind = ErrorKind::rate_limited}));
  EXPECT_THAT(stage.take_sent(client), IsEmpty());
  EXPECT_EQ(stage.counters.error_frames.get(), 0U);
}

TEST(CommandDispatcher, AFullOutboxStopsTheClientAfterAnyReplyOrError) {
  CommandStage stage(service_with("acks = \"on\"\n"));
  const CommandClient client = stage.join();
  stage.clients.has_room = false;
  EXPECT_FALSE(stage.handle(client, R"({"type":"ping"})"));
  EXPECT_FALSE(stage.handle(client, "no JSON"));
  EXPECT_FALSE(stage.handle(client, R"({"type":"subscribe","data":{"channel":"a"}})"));
  EXPECT_FALSE(stage.handle(client, R"({"type":"unsubscribe","data":{"channel":"a"}})"));
  EXPECT_EQ(stage.take_sent(client).size(), 4U);
}

// Regression: these were as long as the message, and without memory for them the process ended.
TEST(CommandDispatcher, ACommandWithoutMemoryForItsAnswerClosesItsClient) {
  CommandStage stage(service_with("client_publish = \"on\"\n"));
  const std::string padding = ",\"x\":\"" + std::string(20'000, 'x') + "\"}";
  for (const std::string& start :
       {std::string(kChat.substr(0, kChat.size() - 1)), std::string(R"({"type":"ping")"),
        std::string(R"({"type":"no such command")")}) {
    const CommandClient client = stage.join();
    const carillon::testing::AllocationCeiling ceiling(10'000);
    EXPECT_FALSE(stage.handle(client, start + padding));
    EXPECT_FALSE(stage.clients.open[client.id.index]);
  }
  EXPECT_THAT(stage.publisher.published, IsEmpty());
}

}  // namespace
}  // namespace carillon::gateway::testing
