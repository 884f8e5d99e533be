// What clients publish, and what they are answered: CommandDispatcher on its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gateway/testing/command_stage.h"

namespace carillon::gateway::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(CommandDispatcher, AClientsEventIsPublishedWithItsSubject) {
  CommandStage stage(service_with("client_publish = \"on\"\n"));
  const CommandClient client = stage.join();
  EXPECT_THAT(stage.answer_to(client, kChat), IsEmpty());
  ASSERT_EQ(stage.publisher.published.size(), 1U);
  EXPECT_EQ(stage.publisher.published[0].channel, "service.channel.conversation:c");
  EXPECT_EQ(stage.publisher.published[0].body,
            R"({"type":"chat_message","data":{"conversation_id":"c","sender_id":"alice","content":"hi"}})");
  stage.publisher.published[0].done(bus::PublishResult::accepted);
  stage.loop.settle();
  EXPECT_THAT(stage.take_sent(client), IsEmpty());
}

TEST(CommandDispatcher, AnEventForAChannelThatTheTokenDoesNotPermitIsNotPublished) {
  CommandStage stage(service_with("client_publish = \"on\"\n"));
  const CommandClient client =
      stage.join(auth::Identity::make("alice", std::nullopt, std::vector<ChannelPattern>{}));
  EXPECT_THAT(stage.answer_to(client, kChat),
              ElementsAre(error_text("unauthorized", "Authentication failed or insufficient permissions")));
  EXPECT_THAT(stage.publisher.published, IsEmpty());
}

TEST(CommandDispatcher, ARefusalOfTheBusReachesTheClientInTheLoopsNextTurn) {
  CommandStage stage(service_with("client_publish = \"on\"\n"));
  const CommandClient client = stage.join();
  EXPECT_THAT(stage.answer_to(client, kChat), IsEmpty());
  stage.publisher.published.at(0).done(bus::PublishResult::refused);
  EXPECT_THAT(stage.take_sent(client), IsEmpty()) << "the bus answers on a thread of its own";
  stage.loop.settle();
  EXPECT_THAT(stage.take_sent(client),
              ElementsAre(error_text("internal_error", "Server-side error: not published")));
}

TEST(CommandDispatcher, ARefusalOfTheBusIsDroppedOnceTheClientHasGone) {
  CommandStage stage(service_with("client_publish = \"on\"\n"));
  const CommandClient client = stage.join();
  EXPECT_THAT(stage.answer_to(client, kChat), IsEmpty());
  stage.clients.open[client.id.index] = false;
  stage.publisher.published.at(0).done(bus::PublishResult::refused);
  stage.loop.settle();
  EXPECT_THAT(stage.take_sent(client), IsEmpty());
  EXPECT_EQ(stage.counters.error_frames.get(), 0U);
}

TEST(CommandDispatcher, AFullQueueToTheBusIsAnErrorAtOnce) {
  CommandStage stage(service_with("client_publish = \"on\"\n"));
  const CommandClient client = stage.join();
  stage.publisher.is_full = true;
  EXPECT_THAT(stage.answer_to(client, kChat),
              ElementsAre(error_text("internal_error", "Server-side error: not published")));
  EXPECT_EQ(stage.counters.publishes_failed.get(), 1U);
}

constexpr std::string_view kAnswered =
    "client_publish = \"on\"\ncommands.publish.reply = \"{\\\"ok\\\":$request/id,\\\"to\\\":$channel}\"\n"
    "frames.error = \"{\\\"no\\\":$request/id,\\\"code\\\":$code,\\\"to\\\":$channel}\"\n";
std::string chat_with(std::string_view id) {
  return std::string(kChat.substr(0, kChat.size() - 1)) + R"(,"id":)" + std::string(id) + "}";
}

TEST(CommandDispatcher, APublishIsAnsweredWhenTheBusHasAcceptedIt) {
  CommandStage stage(service_with(kAnswered));
  const CommandClient client = stage.join();
  EXPECT_THAT(stage.answer_to(client, chat_with("1")), IsEmpty());
  EXPECT_THAT(stage.answer_to(client, chat_with("\"x\"")), IsEmpty());
  stage.publisher.published.at(1).done(bus::PublishResult::accepted);
  stage.publisher.published.at(0).done(bus::PublishResult::refused);
  EXPECT_THAT(stage.take_sent(client), IsEmpty()) << "the bus answers on a thread of its own";
  stage.loop.settle();
  EXPECT_THAT(stage.take_sent(client),
              ElementsAre(R"({"ok":"x","to":"conversation:c"})",
                          R"({"no":1,"code":"internal_error","to":"conversation:c"})"));
  EXPECT_EQ(stage.counters.publishes_failed.get(), 1U);
}

TEST(CommandDispatcher, AnAnswerOfTheBusIsDroppedOnceTheClientHasGone) {
  CommandStage stage(service_with(kAnswered));
  const CommandClient client = stage.join();
  for (const auto result : {bus::PublishResult::accepted, bus::PublishResult::refused}) {
    stage.clients.open[client.id.index] = true;
    EXPECT_THAT(stage.answer_to(client, chat_with("1")), IsEmpty());
    stage.clients.open[client.id.index] = false;
    stage.publisher.published.back().done(result);
    stage.loop.settle();
    EXPECT_THAT(stage.take_sent(client), IsEmpty());
  }
  EXPECT_EQ(stage.counters.publishes_failed.get(), 1U);
}

TEST(CommandDispatcher, AFullQueueToTheBusAnswersWithTheCommandAndEndsItsWait) {
  CommandStage stage(service_with(std::string(kAnswered) + "commands.publish.waiting_max = 1\n"));
  const CommandClient client = stage.join();
  stage.publisher.is_full = true;
  for (const char* id : {"1", "2"}) {
    EXPECT_THAT(
        stage.answer_to(client, chat_with(id)),
        ElementsAre(R"({"no":)" + std::string(id) + R"(,"code":"internal_error","to":"conversation:c"})"));
  }
}

TEST(CommandDispatcher, AsManyPublishesOfAClientWaitForTheBusAsTheLimitAndNoMore) {
  CommandStage stage(service_with(std::string(kAnswered) + "commands.publish.waiting_max = 3\n"));
  const CommandClient client = stage.join();
  const CommandClient other = stage.join();
  for (const char* id : {"1", "2", "3"}) EXPECT_THAT(stage.answer_to(client, chat_with(id)), IsEmpty());
  EXPECT_THAT(stage.answer_to(client, chat_with("4")),
              ElementsAre(R"({"no":4,"code":"rate_limited","to":"conversation:c"})"));
  EXPECT_EQ(stage.counters.publishes_failed.get(), 1U);
  EXPECT_THAT(stage.answer_to(other, chat_with("1")), IsEmpty()) << "each client has a limit of its own";
  EXPECT_EQ(stage.publisher.published.size(), 4U);
  stage.publisher.published[0].done(bus::PublishResult::accepted);
  stage.loop.settle();
  EXPECT_EQ(stage.take_sent(client).size(), 1U);
  EXPECT_THAT(stage.answer_to(client, chat_with("5")), IsEmpty());
}

TEST(CommandDispatcher, APublishWhereClientsMayNotPublishIsUnknownOrNotPermitted) {
  CommandStage unknown(service_with(""));
  EXPECT_THAT(unknown.answer_to(unknown.join(), kChat), ElementsAre(HasSubstr("there is no such command")));
  CommandStage stage(service_with("commands.publish.when_off = \"unauthorized\"\n"));
  EXPECT_THAT(stage.answer_to(stage.join(), kChat),
              ElementsAre(error_text("unauthorized", "Authentication failed or insufficient permissions")));
}

}  // namespace
}  // namespace carillon::gateway::testing
