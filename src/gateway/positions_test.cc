// What clients are told of where they stand: how many events they missed, and up to which they have all.
#include "gateway/testing/positions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// --- clients that are behind ---------------------------------------------------------------------

TEST(GapFrames, AClientThatIsTooFarBehindIsToldHowManyEventsItMissed) {
  ShardStage stage(
      "[[endpoint]]\nprofile = \"orion\"\nframes.event = '{\"n\":$body/n}'\nlag.policy = \"skip\"\n"
      "frames.gap = '{\"gap\":$channel,\"count\":$count,\"after\":$after,\"why\":$reason}'\nlag.bytes_max = "
      "1024\n");
  const int fd = stage.open_orion();
  stage.sockets[fd].capacity = 0;
  const std::string filler(100, 'x');
  for (int n = 1; n <= 100; ++n) {
    stage.publish("orion.a", R"({"n":")" + std::to_string(n) + filler + "\"}");
    stage.run_for(milliseconds(50));
  }
  stage.let_read(fd, FakeSocket::kEndless);
  const Frames frames = taken(stage, fd);
  const auto gap = std::find_if(frames.begin(), frames.end(),
                                [](const std::string& each) { return each.starts_with("{\"gap\""); });
  ASSERT_NE(gap, frames.end());
  const std::size_t missed = 100 - (frames.size() - 1);
  EXPECT_THAT(*gap, HasSubstr("{\"gap\":null,\"count\":" + std::to_string(missed) + ",\"after\":\"" +
                              position(static_cast<std::uint64_t>(gap - frames.begin()) + missed + 1)));
  EXPECT_EQ(stage.closes(CloseReason::slow_consumer), 0U);
}

TEST(GapFrames, WithTheLatestPolicyEachChannelGoesOnWithItsNewestEvent) {
  ShardStage stage(std::string(kService) +
                   "source.broadcast = []\nsource.require = {}\nframes.event = '{\"c\":$*,\"n\":$body/n}'\n"
                   "lag.policy = \"latest\"\nlag.bytes_max = 1024\n"
                   "frames.gap = '{\"gap\":$channel,\"count\":$count,\"after\":$after}'\n");
  const int fd = stage.open(upgrade_of("/api/ws?token=" + token_with(R"({"sub":"alice"})")));
  for (const std::string channel : {"a", "b"}) {
    stage.send(fd, client_frame(websocket::Opcode::text,
                                R"({"type":"subscribe","data":{"channel":")" + channel + "\"}}"));
  }
  taken(stage, fd);
  stage.sockets[fd].capacity = 0;
  for (int n = 1; n <= 200; ++n) stage.publish("service.channel.a", R"({"n":)" + std::to_string(n) + "}");
  stage.publish("service.channel.b", R"({"n":1})");
  stage.let_read(fd, FakeSocket::kEndless);
  EXPECT_THAT(taken(stage, fd), ElementsAre(R"({"gap":"a","count":199,"after":")" + position(200) + "\"}",
                                            R"({"c":"a","n":200})", R"({"c":"b","n":1})"));
  EXPECT_EQ(stage.all_closes(), 0U);
}

TEST(GapFrames, TheLastEventBeforeAGapIsNamedWhereItIsKnown) {
  ShardStage stage(
      "[[endpoint]]\nprofile = \"orion\"\nframes.event = '{\"n\":$body/n}'\nlag.policy = \"skip\"\n"
      "frames.gap = '{\"before\":$before,\"why\":$reason}'\nlag.bytes_max = 1024\n");
  const int fd = stage.open_orion();
  stage.sockets[fd].capacity = 10;
  const std::string filler(100, 'x');
  for (int n = 1; n <= 100; ++n) stage.publish("orion.a", R"({"n":")" + std::to_string(n) + filler + "\"}");
  stage.run_for(seconds(1));
  stage.let_read(fd, FakeSocket::kEndless);
  const Frames frames = taken(stage, fd);
  ASSERT_GT(frames.size(), 2U);
  EXPECT_EQ(frames[1], R"({"before":")" + position(1) + R"(","why":"slow"})");
}

// --- the protocol's own ping ---------------------------------------------------------------------

TEST(SafePositions, AProtocolPingHasThePositionOnlyOnceNothingWaits) {
  ShardStage stage(
      "[[endpoint]]\nprofile = \"orion\"\nframes.event = '{\"n\":$body/n}'\nkeepalive.frame = \"10s\"\n"
      "frames.ping = '{\"at\":$position}'\nhistory = {}\n");
  const int fd = stage.open_orion();
  stage.publish("orion.a", R"({"n":1})");
  taken(stage, fd);
  stage.run_for(milliseconds(10'000));
  EXPECT_THAT(taken(stage, fd), ElementsAre(R"({"at":")" + position(1) + "\"}"));
  stage.sockets[fd].capacity = 0;
  stage.publish("orion.a", R"({"n":2})");
  stage.run_for(milliseconds(10'000));
  stage.let_read(fd, FakeSocket::kEndless);
  EXPECT_THAT(taken(stage, fd), ElementsAre(R"({"at":null})", R"({"n":2})"));
}

// --- batches -------------------------------------------------------------------------------------

// The number of the last event of each batch, and whether a frame of that event came in a later one.
class BatchNotes final : public BatchTaker {
 public:
  void take_batch(SharedBatch batch) override {
    for (const RoutedEvent& each : batch->events) {
      if (each.frame->number() <= last_event) ++late;
      EXPECT_LE(each.frame->number(), batch->last_event);
    }
    last_event = batch->last_event;
    ++batches;
  }
  void take_answers(std::vector<ResumeAnswer>) override {}

  std::uint64_t last_event = 0;
  int batches = 0;
  int late = 0;
};

// Regression: a batch could end in the middle of an event. A client of another shard that subscribed before
// the next one had the event's number as its position, and lost the event silently when it was cut then.
TEST(Batches, TheLastEventOfABatchHasAllItsFramesInIt) {
  ShardStage stage(
      "[[endpoint]]\nprofile = \"orion\"\nhistory = {}\nframes.event = '$body'\nframes.gap = '{}'\n"
      "[[endpoint]]\nprofile = \"orion\"\nname = \"b\"\npath = \"/b\"\nhistory = {}\nframes.gap = '{}'\n"
      "[[endpoint]]\nprofile = \"orion\"\nname = \"c\"\npath = \"/c\"\nhistory = {}\nframes.gap = '{}'\n");
  BatchNotes notes;
  stage.router.add_taker(notes);
  for (int n = 0; n < 300; ++n) stage.router.on_event({"orion.a", "1"});
  stage.router.on_batch_end();
  EXPECT_GT(notes.batches, 3);
  EXPECT_EQ(notes.late, 0);
  EXPECT_EQ(notes.last_event, 300U);
}

}  // namespace
}  // namespace carillon::gateway::testing
