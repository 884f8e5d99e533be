// How many channels and selections of a shard have subscribers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gateway/testing/audiences_stage.h"

namespace carillon::gateway::testing {
namespace {

using ::testing::ElementsAre;

struct Counts {
  std::uint64_t channels, selections, mixed;
  bool operator==(const Counts&) const = default;
};
Counts counts_of(AudiencesStage& stage) {
  stage.audiences.publish_counters();
  return {stage.counters.channels.get(), stage.counters.selections.get(), stage.counters.mixed.get()};
}

TEST(Audiences, ChannelsAreCountedUntilTheirLastSubscriberHasLeft) {
  AudiencesStage stage(kByCommand);
  const auto first = stage.join_with(everything());
  const auto second = stage.join_with(everything());
  for (const char* channel : {"a", "b"}) EXPECT_EQ(stage.subscribe(first, channel), Outcome::subscribed);
  EXPECT_EQ(stage.subscribe(second, "b"), Outcome::subscribed);
  EXPECT_EQ(counts_of(stage), (Counts{2, 0, 0}));
  stage.fan_out.remove_subscriber(first);
  stage.audiences.remove_deserted();
  EXPECT_EQ(counts_of(stage), (Counts{1, 0, 0}));
  stage.audiences.unsubscribe_from_channel(second, stage.endpoint(), "b");
  EXPECT_EQ(stage.subscribe(second, "b"), Outcome::subscribed);
  stage.audiences.remove_deserted();
  EXPECT_EQ(counts_of(stage), (Counts{1, 0, 0})) << "it has a subscriber again";
  stage.fan_out.remove_subscriber(second);
  stage.audiences.remove_deserted();
  EXPECT_EQ(counts_of(stage), (Counts{0, 0, 0}));
}

// Regression: the number of a log's lag rule was taken for that of its endpoint.
TEST(Audiences, DesertedLogsAreRemovedWhereTheirRuleHasTheNumberOfAnotherEndpoint) {
  AudiencesStage stage(std::string(kToEveryone) + std::string(kByCommand) + std::string(kGrimnir),
                       [](Endpoint& endpoint) {
                         endpoint.lag.channels = fanout::ChannelPolicies(2);
                         endpoint.group = 1;
                       });
  const auto subscriber = stage.join_with(everything(), 1);
  EXPECT_EQ(stage.audiences.subscribe_to_channel(subscriber, stage.endpoint(1), "a"), Outcome::subscribed);
  const auto selector = stage.join_with(tags(0b1), 2);
  EXPECT_EQ(counts_of(stage), (Counts{1, 1, 0}));
  for (const auto client : {subscriber, selector}) stage.fan_out.remove_subscriber(client);
  stage.audiences.remove_deserted();
  EXPECT_EQ(counts_of(stage), (Counts{0, 0, 0}));
}

TEST(Audiences, SelectionsAreCountedAndThoseBeyondTheirLimitShareAMixedLog) {
  AudiencesStage stage(std::string(kGrimnir) + "select.sets_max = 1\n");
  const auto first = stage.join_with(tags(0b001));
  const auto second = stage.join_with(tags(0b010));
  const auto third = stage.join_with(tags(0b110));
  EXPECT_EQ(counts_of(stage), (Counts{0, 1, 2}));
  stage.add("tag 1", Audience::Kind::tagged, {}, 0, 1);
  stage.send(1);
  EXPECT_THAT(stage.received(first), ElementsAre());
  EXPECT_THAT(stage.received(second), ElementsAre("tag 1"));
  EXPECT_THAT(stage.received(third), ElementsAre("tag 1"));
  for (const auto client : {first, second, third}) stage.fan_out.remove_subscriber(client);
  stage.audiences.remove_deserted();
  EXPECT_EQ(counts_of(stage), (Counts{0, 0, 0}));
}

}  // namespace
}  // namespace carillon::gateway::testing
