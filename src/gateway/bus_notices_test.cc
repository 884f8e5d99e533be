// What clients are told when the bus may have lost events, is lost, and is back.
#include "gateway/bus_notices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/testing/positions.h"
#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kTold =
    "[[endpoint]]\nprofile = \"orion\"\nframes.event = '{\"n\":$body/n}'\n"
    "frames.gap = "
    "'{\"gap\":$channel,\"count\":$count,\"before\":$before,\"after\":$after,\"why\":$reason}'\n"
    "frames.degraded = '{\"degraded\":$reason}'\nframes.restored = '{\"restored\":$reason}'\n";
constexpr std::string_view kDegraded = R"({"degraded":"bus"})";
constexpr std::string_view kRestored = R"({"restored":"bus"})";

std::string gap_after(std::string_view before) {
  return R"({"gap":null,"count":null,"before":)" + std::string(before) + R"(,"after":null,"why":"bus"})";
}
std::string quoted(const std::string& text) { return "\"" + text + "\""; }

void set_status(ShardStage& stage, bus::BusState state, std::string detail = {}) {
  stage.router.on_status({state, stage.loop.wall_now(), stage.loop.now(), std::move(detail)});
  stage.settle();
}

TEST(BusNotices, AGapOfTheBusIsToldToEachClientBetweenTheEventsAroundIt) {
  ShardStage stage(kTold);
  const int fd = stage.open_orion();
  const int blocked = stage.open_orion();
  stage.sockets[blocked].capacity = 0;
  stage.publish("orion.a", R"({"n":1})");
  stage.router.on_event({"orion.b", R"({"n":2})"});  // received before the gap, not yet routed
  stage.router.on_gap();
  stage.publish("orion.a", R"({"n":3})");
  EXPECT_EQ(stage.shard->counters().gap_frames_owed.get(), 1U);
  stage.let_read(blocked, FakeSocket::kEndless);
  const Frames wanted{R"({"n":1})", R"({"n":2})", gap_after(quoted(position(2))), R"({"n":3})"};
  EXPECT_EQ(taken(stage, fd), wanted);
  EXPECT_EQ(taken(stage, blocked), wanted);
  EXPECT_EQ(stage.all_closes(), 0U);
  stage.run_for(seconds(1));
  EXPECT_EQ(stage.shard->counters().gap_frames_bus.get(), 2U);
  EXPECT_EQ(stage.shard->counters().gap_frames_owed.get(), 0U);
}

TEST(BusNotices, BeforeTheFirstEventAGapHasNoPosition) {
  ShardStage stage(kTold);
  const int fd = stage.open_orion();
  stage.router.on_gap();
  stage.settle();
  EXPECT_THAT(taken(stage, fd), ElementsAre(gap_after("null")));
}

TEST(BusNotices, ClientsStayAndAreNotToldWhereTheConfigurationDoesSo) {
  ShardStage stage(kTold + "source.on_gap = \"stay\"\n");
  const int fd = stage.open_orion();
  stage.router.on_gap();
  stage.publish("orion.a", R"({"n":3})");
  EXPECT_THAT(taken(stage, fd), ElementsAre(R"({"n":3})"));
}

TEST(BusNotices, OnlyTheClientsThatAreOpenAreTold) {
  ShardStage stage(kTold);
  const int http = stage.connect();
  stage.send(http, "GET /now HTTP/1.1\r\nHost: a\r\n");
  stage.router.on_gap();
  const int late = stage.open_orion();
  stage.publish("orion.a", R"({"n":3})");
  stage.send(http, "\r\n");
  EXPECT_THAT(stage.take_received(http), ::testing::StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(taken(stage, late), ElementsAre(R"({"n":3})"));
}

TEST(BusNotices, StreamsAreToldInTheirOwnFormat) {
  ShardStage stage(kTold + "transports = [\"websocket\", \"ndjson\"]\n");
  const int socket = stage.open_orion();
  const std::string upgrade = "GET /ws?token=" + token_with(R"({"sub":"a"})") +
                              " HTTP/1.1\r\nHost: a\r\nAccept: application/x-ndjson\r\n\r\n";
  const Answer answer = stage.ask(upgrade);
  ASSERT_TRUE(answer.head.starts_with("HTTP/1.1 200")) << answer.head;
  const int stream = stage.last_fd;
  stage.router.on_gap();
  stage.settle();
  EXPECT_EQ(stage.take_received(stream), gap_after("null") + "\n");
  EXPECT_THAT(taken(stage, socket), ElementsAre(gap_after("null")));
}

TEST(BusNotices, AnInterruptionIsDegradedThenAGapThenRestored) {
  ShardStage stage(kTold);
  const int fd = stage.open_orion();
  set_status(stage, bus::BusState::up);
  stage.publish("orion.a", R"({"n":1})");
  set_status(stage, bus::BusState::down, "connection refused");
  set_status(stage, bus::BusState::down, "another reason");
  stage.router.on_gap();
  set_status(stage, bus::BusState::up);
  stage.publish("orion.a", R"({"n":3})");
  EXPECT_THAT(taken(stage, fd),
              ElementsAre(R"({"n":1})", kDegraded, gap_after(quoted(position(1))), kRestored, R"({"n":3})"));
  EXPECT_EQ(stage.shard->counters().degraded_frames.get(), 1U);
  EXPECT_EQ(stage.shard->counters().restored_frames.get(), 1U);
}

TEST(BusNotices, AClientThatConnectsMeanwhileIsToldBehindItsFirstFrame) {
  ShardStage stage(kTold + "frames.open = '{\"welcome\":$subject}'\n");
  set_status(stage, bus::BusState::down);
  const int fd = stage.connect();
  stage.send(fd, upgrade_of("/ws?token=" + token_with(R"({"sub":"a"})")));
  const std::string received = stage.take_received(fd);
  const std::size_t welcome = received.find(R"({"welcome":"a"})");
  ASSERT_NE(welcome, std::string::npos);
  EXPECT_GT(received.find(kDegraded), welcome);
  set_status(stage, bus::BusState::up);
  EXPECT_THAT(taken(stage, fd), ElementsAre(kRestored));
  stage.open_orion();
  EXPECT_EQ(stage.shard->counters().degraded_frames.get(), 1U);
}

TEST(BusNotices, AFullInboxDoesNotLoseTheStateOfTheBus) {
  for (const std::size_t batches : {15U, 16U, 17U}) {  // below, at and over what the inbox holds
    ShardStage stage("server.inbox_batches_max = 16\n" + kTold, Shard::Place::elsewhere);
    const int fd = stage.open_orion();
    for (std::size_t i = 0; i < batches; ++i) {
      stage.router.on_event({"orion.a", R"({"n":1})"});
      stage.router.on_batch_end();
    }
    set_status(stage, bus::BusState::down);
    for (int candidate = 0; candidate < 1000; ++candidate) stage.loop.fire(candidate, EPOLLIN);
    stage.settle();
    EXPECT_EQ(stage.closes(CloseReason::overrun), batches <= 16 ? 0U : 1U);
    if (batches <= 16) {
      EXPECT_EQ(taken(stage, fd).size(), batches + 1);
      EXPECT_EQ(stage.shard->counters().degraded_frames.get(), 1U);
    } else {
      stage.open_orion();
      stage.settle();
      EXPECT_EQ(stage.shard->counters().degraded_frames.get(), 1U) << "told the client that came later";
    }
  }
}

TEST(BusNotices, AnEndpointWithoutSuchFramesIsNotTold) {
  ShardStage stage("[[endpoint]]\nprofile = \"orion\"\n");
  const int fd = stage.open_orion();
  set_status(stage, bus::BusState::down);
  stage.router.on_gap();
  set_status(stage, bus::BusState::up);
  EXPECT_THAT(taken(stage, fd), IsEmpty());
  EXPECT_EQ(stage.shard->counters().gap_frames_owed.get(), 0U);
}

}  // namespace
}  // namespace carillon::gateway::testing
