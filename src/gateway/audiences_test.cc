// Audiences on its own: a real engine with fake sockets, and an owner that records which clients to close.
#include "gateway/audiences.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/testing/audiences_stage.h"

namespace carillon::gateway::testing {
namespace {

using ::testing::ElementsAre;

TEST(Audiences, AnEventForEveryoneReachesTheClientsOfItsEndpointOnly) {
  AudiencesStage stage(std::string(kToEveryone) +
                       "[[endpoint]]\nprofile = \"orion\"\nname = \"other\"\npath = \"/other\"\n");
  const auto first = stage.join_with(everything(), 0);
  const auto second = stage.join_with(everything(), 0);
  const auto other = stage.join_with(everything(), 1);
  stage.add("a", Audience::Kind::everyone, {}, 0);
  stage.add("b", Audience::Kind::everyone, {}, 1);
  stage.add("c", Audience::Kind::everyone, {}, 0);
  stage.send(1);
  EXPECT_THAT(stage.received(first), ElementsAre("a", "c"));
  EXPECT_THAT(stage.received(second), ElementsAre("a", "c"));
  EXPECT_THAT(stage.received(other), ElementsAre("b"));
}

TEST(Audiences, ATaggedEventReachesTheSelectionsThatHaveItsTag) {
  AudiencesStage stage(kGrimnir);
  const auto one = stage.join_with(tags(0b01));
  const auto both = stage.join_with(tags(0b11));
  const auto none = stage.join_with(tags(0));
  stage.add("tag 0", Audience::Kind::tagged, {}, 0, 0);
  stage.add("tag 1", Audience::Kind::tagged, {}, 0, 1);
  stage.send(1);
  EXPECT_THAT(stage.received(one), ElementsAre("tag 0"));
  EXPECT_THAT(stage.received(both), ElementsAre("tag 0", "tag 1"));
  EXPECT_THAT(stage.received(none), ElementsAre());
}

TEST(Audiences, EachEventOfABatchReachesTheSubscribersOfItsOwnChannel) {
  AudiencesStage stage(kByCommand);
  const auto of_a = stage.join_with(everything());
  const auto of_b = stage.join_with(everything());
  EXPECT_EQ(stage.subscribe(of_a, "a"), Outcome::subscribed);
  EXPECT_EQ(stage.subscribe(of_b, "b"), Outcome::subscribed);
  EXPECT_EQ(stage.subscribe(of_b, "bb"), Outcome::subscribed);
  stage.add("to b", Audience::Kind::channel, "b");
  stage.add("to no subscriber", Audience::Kind::channel, "c");
  stage.add("to all", Audience::Kind::everyone);
  stage.add("to bb", Audience::Kind::channel, "bb");
  stage.add("to a", Audience::Kind::channel, "a");
  stage.send(1);
  EXPECT_THAT(stage.received(of_a), ::testing::UnorderedElementsAre("to all", "to a"));
  EXPECT_THAT(stage.received(of_b), ::testing::UnorderedElementsAre("to b", "to all", "to bb"));
}

TEST(Audiences, AnEventWithAValueReachesThoseWhoSelectedItAndThoseWhoSelectedNothing) {
  AudiencesStage stage(kWithQuery);
  const auto all = stage.join_with(everything());
  const auto of_a = stage.join_with(values({"a"}));
  const auto of_b_and_c = stage.join_with(values({"b", "c"}));
  stage.add("a", Audience::Kind::everyone_and_channel, "a");
  stage.add("c", Audience::Kind::everyone_and_channel, "c");
  stage.add("d", Audience::Kind::everyone_and_channel, "d");
  stage.add("no value", Audience::Kind::everyone_and_channel);
  stage.send(1);
  EXPECT_THAT(stage.received(all), ElementsAre("a", "c", "d", "no value"));
  EXPECT_THAT(stage.received(of_a), ElementsAre("a"));
  EXPECT_THAT(stage.received(of_b_and_c), ElementsAre("c"));
}

TEST(Audiences, AnUnsubscribedClientReceivesTheChannelNoMore) {
  AudiencesStage stage(kByCommand);
  const auto client = stage.join_with(everything());
  EXPECT_EQ(stage.subscribe(client, "a"), Outcome::subscribed);
  stage.audiences.unsubscribe_from_channel(client, stage.endpoint(), "a");
  stage.audiences.unsubscribe_from_channel(client, stage.endpoint(), "never subscribed to");
  stage.add("late", Audience::Kind::channel, "a");
  stage.send(1);
  EXPECT_THAT(stage.received(client), ElementsAre());
}

TEST(Audiences, AMissingBatchClosesTheRecipientsBeforeTheNextEventsAreAppended) {
  AudiencesStage stage(std::string(kToEveryone) + std::string(kWithoutEvents));
  const auto client = stage.join_with(everything());
  stage.send_text(1, "one");
  EXPECT_THAT(stage.received(client), ElementsAre("one"));
  stage.send_text(3, "three");
  EXPECT_THAT(stage.owner.closed, ElementsAre(std::pair(std::uint16_t{0}, CloseReason::overrun)))
      << "the endpoint without events misses none";
  EXPECT_EQ(stage.owner.appends_before, 1U);
  EXPECT_THAT(stage.received(client), ElementsAre("one"));
  EXPECT_EQ(stage.counters.missed_batches.get(), 1U);

  const auto newcomer = stage.join_with(everything());
  stage.send_text(4, "four");
  EXPECT_THAT(stage.received(newcomer), ElementsAre("four"));
  EXPECT_EQ(stage.owner.closed.size(), 1U);
}

TEST(Audiences, AMissingFirstBatchIsNoticed) {
  AudiencesStage stage(kToEveryone);
  stage.join_with(everything());
  stage.send_text(2, "two");
  EXPECT_EQ(stage.owner.closed.size(), 1U);
}

TEST(Audiences, AGapOfTheBusClosesTheRecipientsOfTheEndpointsItNames) {
  AudiencesStage stage(std::string(kToEveryone) +
                       "[[endpoint]]\nprofile = \"orion\"\nname = \"strict\"\npath = \"/strict\"\n");
  const auto stays = stage.join_with(everything(), 0);
  const auto strict = stage.join_with(everything(), 1);
  stage.add("to those that stay", Audience::Kind::everyone, {}, 0);
  stage.add("after the gap", Audience::Kind::everyone, {}, 1);
  stage.batch.gaps = {{1, CloseReason::bus_gap}};
  stage.send(1);
  EXPECT_THAT(stage.owner.closed, ElementsAre(std::pair(std::uint16_t{1}, CloseReason::bus_gap)));
  EXPECT_EQ(stage.owner.appends_before, 0U);
  EXPECT_THAT(stage.received(stays), ElementsAre("to those that stay"));
  EXPECT_THAT(stage.received(strict), ElementsAre());
  EXPECT_EQ(stage.counters.missed_batches.get(), 0U);
}

TEST(Audiences, AFullInboxDoesNotLoseTheStateOfTheBus) {
  for (const std::uint64_t batches : {15U, 16U, 17U}) {  // below, at and over what the inbox holds
    AudiencesStage stage("[server]\ninbox_batches_max = 16\n" + std::string(kToEveryone) +
                             "frames.degraded = '{\"degraded\":$reason}'\n",
                         Audiences::Place::elsewhere);
    const auto client = stage.join_with(everything());
    for (std::uint64_t number = 1; number <= batches; ++number) stage.send_text(number, "one");
    stage.batch.news = BusNews{BusNews::What::lost};
    stage.send(batches + 1);
    stage.loop.fire(stage.inbox_fd, EPOLLIN);
    const auto received = stage.received(client);
    ASSERT_FALSE(received.empty()) << batches;
    EXPECT_EQ(received.front(), R"({"degraded":"bus"})");
    EXPECT_EQ(stage.owner.closed.size(), batches <= 16 ? 0U : 1U);
  }
}

TEST(AudiencesDeathTest, ABatchNumberThatDoesNotGrowIsABug) {
  AudiencesStage stage(kToEveryone);
  stage.send_text(1, "one");
  stage.send_text(2, "two");
  EXPECT_DEATH(stage.send_text(2, "two again"), "next_batch_");
  EXPECT_DEATH(stage.send_text(1, "one again"), "next_batch_");
}

TEST(Audiences, BatchesFromAnotherLoopAreAppendedInOrderWhenTheInboxIsRead) {
  AudiencesStage stage(kToEveryone, Audiences::Place::elsewhere);
  const auto client = stage.join_with(everything());
  stage.send_text(1, "one");
  stage.send_text(2, "two");
  EXPECT_THAT(stage.received(client), ElementsAre());
  ASSERT_TRUE(stage.loop.fire(stage.inbox_fd, EPOLLIN));
  EXPECT_THAT(stage.received(client), ElementsAre("one", "two"));
  ASSERT_TRUE(stage.loop.fire(stage.inbox_fd, EPOLLIN)) << "an eventfd may wake a loop for nothing";
  EXPECT_THAT(stage.received(client), ElementsAre("one", "two"));
}

// Regression: nothing happened until the next batch came, which may be hours later.
TEST(Audiences, ABatchThatAFullInboxRefusesClosesItsRecipientsWithoutAnother) {
  AudiencesStage stage("server.inbox_batches_max = 16\n" + std::string(kToEveryone),
                       Audiences::Place::elsewhere);
  const auto client = stage.join_with(everything());
  for (std::uint64_t number = 1; number <= 18; ++number) stage.send_text(number, std::to_string(number));
  stage.loop.fire(stage.inbox_fd, EPOLLIN);
  EXPECT_EQ(stage.received(client).size(), 16U);
  stage.loop.fire(stage.inbox_fd, EPOLLIN);
  EXPECT_THAT(stage.owner.closed, ElementsAre(std::pair(std::uint16_t{0}, CloseReason::overrun)));
  EXPECT_EQ(stage.counters.missed_batches.get(), 2U);

  const auto newcomer = stage.join_with(everything());
  stage.send_text(19, "19");
  stage.loop.fire(stage.inbox_fd, EPOLLIN);
  EXPECT_EQ(stage.owner.closed.size(), 1U);
  EXPECT_THAT(stage.received(newcomer), ElementsAre("19"));
}

// Regression: after a refused batch a new client had a position from before it, and was not sent its events.
TEST(Audiences, AClientThatSubscribesAfterARefusedBatchBeginsAfterItsEvents) {
  AudiencesStage stage("server.inbox_batches_max = 16\n" + std::string(kToEveryone),
                       Audiences::Place::elsewhere);
  for (std::uint64_t number = 1; number <= 18; ++number) {
    stage.batch.last_event = 100 + number;
    stage.send_text(number, std::to_string(number));
  }
  stage.loop.fire(stage.inbox_fd, EPOLLIN);
  EXPECT_EQ(stage.audiences.last_event(), 116U) << "the refused ones are still to be missed";
  stage.loop.fire(stage.inbox_fd, EPOLLIN);
  EXPECT_EQ(stage.audiences.last_event(), 118U);
}

// The wake that a refusal makes may come together with the batches after it.
TEST(Audiences, ARefusedBatchBetweenTwoOthersIsMissedOnce) {
  AudiencesStage stage("server.inbox_batches_max = 16\n" + std::string(kToEveryone),
                       Audiences::Place::elsewhere);
  for (std::uint64_t number = 1; number <= 17; ++number) stage.send_text(number, std::to_string(number));
  stage.loop.fire(stage.inbox_fd, EPOLLIN);
  for (std::uint64_t number = 18; number <= 20; ++number) stage.send_text(number, std::to_string(number));
  for (int i = 0; i < 2; ++i) stage.loop.fire(stage.inbox_fd, EPOLLIN);
  EXPECT_EQ(stage.owner.closed.size(), 1U);
  EXPECT_EQ(stage.counters.missed_batches.get(), 1U);
}

TEST(Audiences, AClientHasAsManyChannelsAsItsEndpointAllows) {
  AudiencesStage stage(std::string(kByCommand) + "limits.channels = 2\n");
  const auto client = stage.join_with(everything());
  EXPECT_EQ(stage.subscribe(client, "a"), Outcome::subscribed);
  EXPECT_EQ(stage.subscribe(client, "b"), Outcome::subscribed);
  EXPECT_EQ(stage.subscribe(client, "c"), Outcome::client_has_too_many);
  EXPECT_EQ(stage.subscribe(client, "a"), Outcome::subscribed) << "it has that one";
  stage.audiences.unsubscribe_from_channel(client, stage.endpoint(), "a");
  EXPECT_EQ(stage.subscribe(client, "c"), Outcome::subscribed);
}

TEST(Audiences, AShardHasAsManyChannelsAsTheServerAllowsAndRoomAgainOnceOneIsDeserted) {
  AudiencesStage stage("server.channels_max = 2\n" + std::string(kByCommand));
  const auto client = stage.join_with(everything());
  EXPECT_EQ(stage.subscribe(client, "a"), Outcome::subscribed);
  EXPECT_EQ(stage.subscribe(client, "b"), Outcome::subscribed);
  EXPECT_EQ(stage.subscribe(client, "c"), Outcome::shard_has_too_many);
  stage.audiences.unsubscribe_from_channel(client, stage.endpoint(), "a");
  stage.audiences.remove_deserted();
  EXPECT_EQ(stage.subscribe(client, "c"), Outcome::subscribed);
}

TEST(Audiences, ASelectionForWhichTheShardHasNoRoomIsNotTaken) {
  AudiencesStage stage("server.channels_max = 2\n" + std::string(kWithQuery));
  const auto client = stage.join();
  const Selection three = values({"a", "b", "c"});
  EXPECT_EQ(stage.audiences.subscribe_selected(client, stage.endpoint(), three), Outcome::shard_has_too_many);
}

TEST(Audiences, TheDestructorRemovesHandlerAndWatch) {
  reactor::FakeLoop loop;
  fanout::testing::FakeHost sockets;
  FakeOwner owner;
  const Compiled compiled(kToEveryone);
  fanout::FrameMemory memory{std::uint64_t{1} << 30};
  fanout::FanOut fan_out(sockets, fanout::FanOutOptions{memory}, compiled.lag_rules(), nullptr);
  ShardCounters counters(1);
  {
    const Audiences audiences({fan_out, loop, owner, counters, compiled.endpoints, compiled.settings.server},
                              SipKey{1, 2}, Audiences::Place::elsewhere,
                              std::move(*reactor::WakeFd::create()));
    EXPECT_EQ(loop.watch_count(), 1U);
    EXPECT_EQ(loop.handler_count(), 1U);
  }
  EXPECT_EQ(loop.watch_count(), 0U);
  EXPECT_EQ(loop.handler_count(), 0U);
}

}  // namespace
}  // namespace carillon::gateway::testing
