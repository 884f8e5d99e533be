#include "client/memory_pressure.h"

#include <gtest/gtest.h>

#include "gateway/memory_watch.h"
#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

using Reserve = MemoryPressure::Reserve;

constexpr std::string_view kPost = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx";

TEST(MemoryPressure, RefusesAt85PercentAndShedsAt95) {
  const std::vector<std::pair<std::uint64_t, MemoryLevel>> table{
      {0, MemoryLevel::normal},      {8499, MemoryLevel::normal},   {8500, MemoryLevel::refusing},
      {9499, MemoryLevel::refusing}, {9500, MemoryLevel::shedding}, {20000, MemoryLevel::shedding}};
  for (const auto& [used, level] : table) {
    MemoryPressure pressure;
    EXPECT_EQ(pressure.sample({used, 10000}, Reserve::whole), level) << used;
    EXPECT_EQ(pressure.level(), level);
    EXPECT_EQ(pressure.used_bytes(), used);
    EXPECT_EQ(pressure.limit_bytes(), 10000U);
  }
}

TEST(MemoryPressure, LeavesALevelOnlyBelowItsLimit) {
  MemoryPressure pressure;
  EXPECT_EQ(pressure.sample({9500, 10000}, Reserve::whole), MemoryLevel::shedding);
  EXPECT_EQ(pressure.sample({9200, 10000}, Reserve::whole), MemoryLevel::shedding);
  EXPECT_EQ(pressure.sample({9199, 10000}, Reserve::whole), MemoryLevel::refusing);
  EXPECT_EQ(pressure.sample({8200, 10000}, Reserve::whole), MemoryLevel::refusing);
  EXPECT_EQ(pressure.sample({8199, 10000}, Reserve::whole), MemoryLevel::normal);
  EXPECT_EQ(pressure.sample({8499, 10000}, Reserve::whole), MemoryLevel::normal);
}

TEST(MemoryPressure, AFailedAllocationOverridesTheSample) {
  MemoryPressure pressure;
  EXPECT_EQ(pressure.sample({0, 10000}, Reserve::used_up), MemoryLevel::shedding);
  EXPECT_EQ(pressure.reserve_uses(), 1U);
  EXPECT_EQ(pressure.sample({0, 10000}, Reserve::whole), MemoryLevel::normal);
}

TEST(MemoryPressure, HandlesTheLargestNumbers) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  MemoryPressure pressure;
  EXPECT_EQ(pressure.sample({kMost / 2, kMost}, Reserve::whole), MemoryLevel::normal);
  EXPECT_EQ(pressure.sample({kMost, kMost}, Reserve::whole), MemoryLevel::shedding);
}

TEST(MemoryWatch, RefusesNewClientsAndClosesTheFurthestBehind) {
  ShardStage stage;
  MemoryUse use{0, 100};
  int sheds = 0;
  MemoryWatch watch(stage.loop, stage.admission, stage.log,
                    {[&use] { return use; }, [&sheds] { ++sheds; }, nullptr});
  watch.start();
  const auto next_sample = [&stage] { stage.run_for(seconds(1)); };
  const int early = stage.open_orion();

  use.used_bytes = 85;
  next_sample();
  const Answer refused = stage.ask(orion_upgrade());
  EXPECT_EQ(refused.head.substr(9, 3), "503");
  EXPECT_NE(refused.head.find("Retry-After: "), std::string::npos);
  EXPECT_EQ(stage.refusals(RefusalReason::memory), 1U);
  EXPECT_EQ(stage.ask("GET /now HTTP/1.1\r\nHost: x\r\n\r\n").head.substr(9, 3), "200");
  EXPECT_EQ(stage.ask(std::string(kPost)).body, "x");
  EXPECT_EQ(sheds, 0);

  use.used_bytes = 95;
  next_sample();
  EXPECT_EQ(sheds, 1);
  next_sample();
  EXPECT_EQ(sheds, 2);
  EXPECT_EQ(stage.ask("GET /now HTTP/1.1\r\nHost: x\r\n\r\n").head.substr(9, 3), "200");
  EXPECT_EQ(stage.ask(std::string(kPost)).head.substr(9, 3), "503");

  use.used_bytes = 50;
  next_sample();
  EXPECT_EQ(sheds, 2);
  stage.publish("orion.content.created", "{}");
  EXPECT_EQ(stage.take_frames(early).size(), 1U) << "who was connected has seen nothing of it";
  stage.open_orion();
  EXPECT_EQ(stage.refusals(RefusalReason::memory), 1U);
}

TEST(MemoryWatch, LogsEachChangeOnce) {
  ShardStage stage;
  MemoryUse use{90, 100};
  MemoryWatch watch(stage.loop, stage.admission, stage.log, {[&use] { return use; }, [] {}, nullptr});
  const std::size_t before = stage.log.lines.size();
  watch.start();
  stage.run_for(seconds(5));
  EXPECT_EQ(stage.log.lines.size(), before + 1);
  EXPECT_EQ(stage.log.records.back().fields["pressure"], "refusing");
  EXPECT_EQ(stage.log.records.back().fields["used_bytes"], "90");
  use.used_bytes = 10;
  stage.run_for(seconds(5));
  EXPECT_EQ(stage.log.lines.size(), before + 2);
  EXPECT_EQ(stage.log.records.back().fields["pressure"], "normal");
}

TEST(MemoryWatch, RefillsTheReserveAfterAFailedAllocation) {
  ShardStage stage;
  MemoryReserve reserve(1 << 20);
  int sheds = 0;
  MemoryWatch watch(stage.loop, stage.admission, stage.log,
                    {[] {
                       return MemoryUse{0, 100};
                     },
                     [&sheds] { ++sheds; }, &reserve});
  watch.start();
  std::get_new_handler()();  // as operator new does
  ASSERT_TRUE(reserve.is_used_up());
  stage.run_for(seconds(1));
  EXPECT_FALSE(reserve.is_used_up());
  EXPECT_EQ(sheds, 1);
  EXPECT_EQ(watch.pressure().reserve_uses(), 1U);
  stage.run_for(seconds(1));
  EXPECT_EQ(stage.admission.memory(), MemoryLevel::normal);
}

}  // namespace
}  // namespace carillon::gateway::testing
