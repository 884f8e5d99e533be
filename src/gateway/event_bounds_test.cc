// Bounds on the bytes of events between the bus and the logs: frames, batches, inboxes, and memory.
#include <gtest/gtest.h>
#include <sys/epoll.h>

#include <limits>

#include "base/testing/allocation_ceiling.h"
#include "gateway/testing/shard_stage.h"
#include "websocket/frame_writer.h"

namespace carillon::gateway::testing {
namespace {

constexpr std::string_view kChannel = "orion.content.created";
constexpr std::string_view kQuoting = "[[endpoint]]\nprofile = \"orion\"\nsource.not_json = \"quote\"\n";

// A log counts bytes in 32 bits, including those of the entries that it still holds.
static_assert(Router::kFrameBytesMax + websocket::kServerHeaderBytesMax <
              std::numeric_limits<std::uint32_t>::max() / 2 + 16);

TEST(EventBounds, AFrameLargerThanALogCanCountIsDroppedAndCounted) {
  ShardStage stage;
  const int fd = stage.open_orion();
  stage.publish(kChannel, "\"\"");
  const std::size_t around = stage.take_frames(fd).at(0).size() - std::string_view("text \"\"").size();
  for (const std::size_t size : {99U, 100U, 101U}) {
    stage.router.set_frame_bytes_max(around + 100);
    const std::uint64_t before = stage.router.counters().dropped_too_large.get();
    stage.publish(kChannel, '"' + std::string(size - 2, 'x') + '"');
    EXPECT_EQ(stage.take_frames(fd).size(), size <= 100 ? 1U : 0U) << size;
    EXPECT_EQ(stage.router.counters().dropped_too_large.get() - before, size <= 100 ? 0U : 1U);
  }
  EXPECT_EQ(stage.open_connections(), 1U);
}

TEST(EventBounds, ABodyThatGrowsSixfoldWhenItIsQuotedIsBoundedToo) {
  ShardStage stage(kQuoting);
  const int fd = stage.open_orion();
  stage.publish(kChannel, "not json");
  EXPECT_EQ(stage.take_frames(fd).size(), 1U);
  stage.router.set_frame_bytes_max(6000);
  stage.publish(kChannel, std::string(1000, '\x01'));  // 6,002 bytes when quoted
  EXPECT_EQ(stage.take_frames(fd).size(), 0U);
  EXPECT_EQ(stage.router.counters().dropped_too_large.get(), 1U);
  stage.publish(kChannel, std::string(900, '\x01'));
  EXPECT_EQ(stage.take_frames(fd).size(), 1U);
  stage.publish(kChannel, std::string(5000, 'x'));
  EXPECT_EQ(stage.take_frames(fd).size(), 1U);
  EXPECT_EQ(stage.router.counters().dropped_invalid_json.get(), 0U);
}

TEST(EventBounds, AnEventWithoutMemoryClosesItsClientsAndTheProcessGoesOn) {
  for (const std::string_view toml : {kOrion, kQuoting}) {
    ShardStage stage(toml);
    const int fd = stage.open_orion();
    {
      const carillon::testing::AllocationCeiling ceiling(10'000);
      stage.publish(kChannel, "1");
      stage.publish(kChannel,
                    toml == kOrion ? '"' + std::string(20'000, 'x') + '"' : std::string(20'000, 'x'));
    }
    EXPECT_EQ(stage.router.counters().dropped_no_memory.get(), 1U);
    const auto frames = stage.take_frames(fd);
    ASSERT_FALSE(frames.empty());
    EXPECT_EQ(frames.back(), "close 1013 Events lost");
    EXPECT_EQ(stage.closes(CloseReason::overrun), 1U) << "the bus has lost nothing";
    const int next = stage.open_orion();
    stage.publish(kChannel, "2");
    EXPECT_EQ(stage.take_frames(next).size(), 1U);
  }
}

TEST(EventBounds, ABatchIsSentOnceItHasEnoughBytes) {
  ShardStage stage;
  const std::string body = '"' + std::string(300 * 1024, 'x') + '"';
  for (int i = 0; i < 3; ++i) stage.router.on_event({kChannel, body});
  EXPECT_EQ(stage.router.counters().batches.get(), 0U);
  stage.router.on_event({kChannel, body});
  EXPECT_EQ(stage.router.counters().batches.get(), 1U);
}

TEST(EventBounds, BatchesThatWaitForAShardAreBoundedInBytes) {
  ShardStage stage("[server]\ninbox_bytes_max = \"1MiB\"\n" + std::string(kOrion), Shard::Place::elsewhere);
  const int fd = stage.open_orion();
  const auto publish = [&](std::size_t bytes) {  // while the shard does not read its inbox
    stage.router.on_event({kChannel, '"' + std::string(bytes, 'x') + '"'});
    stage.router.on_batch_end();
  };
  const auto look = [&] {
    for (int eventfd = 0; eventfd < 1000; ++eventfd) stage.loop.fire(eventfd, EPOLLIN);
    stage.settle();
  };
  publish(500 * 1024);
  publish(500 * 1024);
  look();
  EXPECT_EQ(stage.take_frames(fd).size(), 2U);
  publish(5 * 1024 * 1024);  // one alone, of any size
  look();
  EXPECT_EQ(stage.take_frames(fd).size(), 1U);
  publish(600 * 1024);
  publish(600 * 1024);  // refused
  look();
  publish(1);
  look();
  EXPECT_EQ(stage.shard->counters().missed_batches.get(), 1U);
  EXPECT_EQ(stage.take_frames(fd).back(), "close 1013 Events lost");
}

}  // namespace
}  // namespace carillon::gateway::testing
