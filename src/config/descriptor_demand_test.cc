#include "config/descriptor_demand.h"

#include <gtest/gtest.h>

#include "config/test_environment.h"

namespace carillon::config {
namespace {

TEST(DescriptorDemand, ConnectionsWithinALimitAreTheMostThatItHolds) {
  for (const std::int64_t tables : {1, 2, 8}) {
    for (const std::int64_t limit : {1024, 20'000, 1'048'576}) {
      const std::int64_t connections = connections_within(limit, tables);
      EXPECT_LE(descriptors_a_table(connections, tables), limit);
      EXPECT_GT(descriptors_a_table(connections + 1, tables), limit - 1);
      EXPECT_GE(connections, limit - 256);
    }
  }
  EXPECT_EQ(connections_within(20'000, 1), 19'744);
}

TEST(DescriptorDemand, ASmallLimitLeavesRoomForClients) {
  EXPECT_EQ(connections_within(128, 1), 96);
  EXPECT_EQ(connections_within(1023, 1), 768);
  EXPECT_EQ(connections_within(1024, 1), 768);
  EXPECT_EQ(connections_within(1025, 1), 769);
  EXPECT_EQ(connections_within(0, 1), 1);
}

TEST(DescriptorDemand, ConnectionsMaxIsWhatTheLimitOfDescriptorsAllows) {
  const auto connections_max = [](std::uint64_t limit, const char* server) {
    Environment environment = good_world().environment();
    const FakeWorld world = good_world();
    environment = world.environment();
    environment.descriptors_max = limit;
    const Loaded loaded = load(orion_with(server), "gateway.toml", environment);
    EXPECT_TRUE(loaded.errors.empty());
    return loaded.settings.server.connections_max;
  };
  EXPECT_EQ(connections_max(20'000, ""), 19'744U);
  EXPECT_GT(connections_max(20'000, "[server]\nshards = 2\ndescriptors = \"per_shard\""), 37'000U);
  EXPECT_EQ(connections_max(std::uint64_t{1} << 30, ""), 1'000'000U) << "and a million at most";
  EXPECT_EQ(connections_max(20'000, "[server]\nconnections_max = 77"), 77U);
  EXPECT_EQ(connections_max(0, ""), 1'000'000U) << "the limit is not known";
}

}  // namespace
}  // namespace carillon::config
