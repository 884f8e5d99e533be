// A shutdown: all clients are closed at an even pace while the API still answers.
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

using Frames = std::vector<std::string>;

void begin_drain(ShardStage& stage, milliseconds window) {
  stage.admission.begin_drain();
  stage.shard->begin_drain(window);
  stage.settle();
}

TEST(Drain, PendingEventsLeaveBeforeTheCloseOf1001WithoutAReason) {
  ShardStage stage;
  const int fd = stage.open_orion();
  stage.sockets[fd].capacity = 0;
  for (int i = 0; i < 5; ++i) stage.publish("orion.a", std::to_string(i));
  begin_drain(stage, milliseconds(100));
  stage.run_for(milliseconds(200));
  EXPECT_EQ(stage.closes(CloseReason::shutdown), 1U);
  stage.let_read(fd, FakeSocket::kEndless);
  const Frames frames = stage.take_frames(fd);
  ASSERT_EQ(frames.size(), 6U);
  EXPECT_EQ(frames[5], "close 1001");
  stage.end(fd);
  stage.expect_nothing_left();
}

constexpr std::string_view kHint = "frames.drain = '{\"reconnect_after_ms\":$retry_ms,\"at\":$time_s}'\n";

int retry_ms(const std::string& frame) {
  int value = -1;
  constexpr std::string_view kBefore = "text {\"reconnect_after_ms\":";
  if (frame.starts_with(kBefore))
    std::from_chars(frame.data() + kBefore.size(), frame.data() + frame.size(), value);
  return value;
}

TEST(Drain, TheLastFrameFollowsPendingEventsAndPrecedesTheClose) {
  ShardStage stage(std::string(kOrion) + std::string(kHint));
  const int fd = stage.open_orion();
  stage.sockets[fd].capacity = 0;
  for (int i = 0; i < 5; ++i) stage.publish("orion.a", std::to_string(i));
  begin_drain(stage, milliseconds(0));
  stage.let_read(fd, FakeSocket::kEndless);
  const Frames frames = stage.take_frames(fd);
  ASSERT_EQ(frames.size(), 7U);
  EXPECT_GE(retry_ms(frames[5]), 1000);
  EXPECT_LE(retry_ms(frames[5]), 2000);
  EXPECT_NE(frames[5].find(R"(,"at":"2026-01-01T00:00:0)"), std::string::npos) << frames[5];
  EXPECT_EQ(frames[6], "close 1001");
  stage.end(fd);
  stage.expect_nothing_left();
}

// How many of 200 clients, closed at once with a rate of 10 a second, are to come back in each second.
std::map<int, int> returns_by_second(int shards) {
  ShardStage stage("server.shards = " + std::to_string(shards) + "\nserver.drain_rate = 10\n" +
                   std::string(kOrion) + std::string(kHint));
  std::vector<int> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(stage.open_orion());
  begin_drain(stage, milliseconds(0));
  std::map<int, int> by_second;
  for (const int fd : clients) {
    const Frames frames = stage.take_frames(fd);
    EXPECT_EQ(frames.size(), 2U);
    ++by_second[retry_ms(frames[0]) / 1000];
  }
  return by_second;
}

// They come back over the next 20 s.
TEST(Drain, TheHintsSpreadTheReturnOfClientsOverTheTimeThatTheRateNeeds) {
  const std::map<int, int> by_second = returns_by_second(1);
  EXPECT_EQ(by_second.begin()->first, 1);
  EXPECT_EQ(by_second.rbegin()->first, 21);
  for (const auto& [second, count] : by_second) EXPECT_LE(count, 16) << second;
}

// The rate is that of the process, and the other shards are taken to have as many clients.
TEST(Drain, WithThreeShardsTheHintsSpreadOverThreeTimesAsLong) {
  const std::map<int, int> by_second = returns_by_second(3);
  EXPECT_GE(by_second.rbegin()->first, 59);
  EXPECT_LE(by_second.rbegin()->first, 61);
  for (const auto& [second, count] : by_second) EXPECT_LE(count, 6) << second;
}

TEST(Drain, ClosesAreSpreadEvenlyOverTheWindow) {
  ShardStage stage;
  std::vector<int> clients;
  for (int i = 0; i < 3000; ++i) clients.push_back(stage.open_orion());
  begin_drain(stage, seconds(30));
  std::uint64_t before = 0;
  std::uint64_t peak = 0;
  for (int second = 0; second < 30; ++second) {
    stage.run_for(seconds(1));
    const std::uint64_t now = stage.closes(CloseReason::shutdown);
    peak = std::max(peak, now - before);
    EXPECT_GE(now - before, 70U) << second;
    before = now;
    for (const int fd : clients) {  // they answer pings and the close
      if (stage.sockets[fd].shut_down && stage.sockets[fd].is_open()) stage.end(fd);
      if (stage.sockets[fd].is_open() && second % 10 == 0) {
        stage.arrive(fd, client_frame(websocket::Opcode::pong, {}));
      }
    }
  }
  stage.run_for(milliseconds(100));
  EXPECT_EQ(stage.closes(CloseReason::shutdown), 3000U);
  EXPECT_LE(peak, 130U);
  for (const int fd : clients) {
    if (stage.sockets[fd].is_open()) stage.end(fd);
  }
  stage.expect_nothing_left();
}

TEST(Drain, UpgradesAreRefusedWhileTheApiAnswers) {
  ShardStage stage;
  const int fd = stage.open_orion();
  begin_drain(stage, seconds(10));
  const Answer refused = stage.ask(orion_upgrade());
  EXPECT_EQ(refused.head.substr(9, 3), "503");
  EXPECT_NE(refused.head.find("\r\nRetry-After: "), std::string::npos);
  EXPECT_EQ(stage.refusals(RefusalReason::draining), 1U);
  EXPECT_EQ(stage.ask(get("/now", "Host: x\r\n")).head.substr(9, 3), "200");
  EXPECT_TRUE(stage.sockets[fd].is_open());
  EXPECT_EQ(stage.take_received(fd), "");
}

TEST(Drain, AnAcceptedRequestCountsUntilItsConnectionIsClosed) {
  ShardStage stage;
  EXPECT_EQ(stage.shard->drain().requests_left(), 1U) << "not counted again yet";
  const int fd = stage.connect();
  stage.send(fd, "POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx");
  const int idle = stage.connect();
  stage.send(idle, get("/now", "Host: x\r\n"));
  begin_drain(stage, milliseconds(0));
  stage.run_for(milliseconds(100));
  EXPECT_EQ(stage.shard->drain().requests_left(), 1U)
      << "a kept-alive connection without a request is not one";
  ASSERT_EQ(stage.api.deferred.size(), 1U);
  stage.api.deferred[0](FakeApi::text("done"));
  stage.settle();
  const Answer answer = split_answer(stage.take_received(fd));
  EXPECT_NE(answer.head.find("\r\nConnection: close"), std::string::npos) << answer.head;
  EXPECT_EQ(answer.body, "done");
  stage.end(fd);
  stage.run_for(milliseconds(100));
  EXPECT_EQ(stage.shard->drain().requests_left(), 0U);
}

TEST(Drain, AnUnsentAnswerCountsAsARequestLeft) {
  ShardStage stage;
  const int fd = stage.connect();
  stage.sockets[fd].capacity = 0;
  stage.send(fd, get("/now", "Host: x\r\n"));
  begin_drain(stage, milliseconds(0));
  stage.run_for(milliseconds(100));
  EXPECT_EQ(stage.shard->drain().requests_left(), 1U);
  stage.let_read(fd, FakeSocket::kEndless);
  stage.run_for(milliseconds(100));
  EXPECT_EQ(stage.shard->drain().requests_left(), 0U);
}

TEST(Drain, AWindowOfZeroClosesAllClientsAtOnce) {
  ShardStage stage;
  std::vector<int> clients;
  for (int i = 0; i < 10; ++i) clients.push_back(stage.open_orion());
  begin_drain(stage, milliseconds(0));
  for (const int fd : clients) {
    EXPECT_EQ(stage.take_frames(fd), Frames{"close 1001"});
    stage.end(fd);
  }
  stage.expect_nothing_left();
}

TEST(Drain, AClientThatDoesNotReadIsResetAndCountedOnce) {
  ShardStage stage;
  const int fd = stage.open_orion();
  stage.sockets[fd].capacity = 0;
  stage.publish("orion.a", "1");
  begin_drain(stage, milliseconds(100));
  stage.run_for(seconds(6));
  EXPECT_TRUE(stage.was_reset(fd));
  EXPECT_EQ(stage.closes(CloseReason::shutdown), 1U);
  EXPECT_EQ(stage.all_closes(), 1U);
  stage.expect_nothing_left();
}

TEST(Drain, ClientsThatLeaveByThemselvesAreNotCountedAsClosed) {
  ShardStage stage;
  std::vector<int> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(stage.open_orion());
  begin_drain(stage, seconds(10));
  for (int i = 1; i < 100; i += 2) stage.end(clients[static_cast<std::size_t>(i)]);
  stage.run_for(seconds(11));
  EXPECT_EQ(stage.closes(CloseReason::client_gone) + stage.closes(CloseReason::shutdown), 100U);
  stage.run_for(seconds(5));
  stage.expect_nothing_left();
}

// --- a handover to another process ---

// Its connection had been accepted before; refused, it would have to connect a second time.
TEST(Handover, AnUpgradeIsAnsweredWith101AndTheClientClosedAfterwards) {
  ShardStage stage;
  const int fd = stage.connect();
  stage.shard->begin_drain(milliseconds(0), DrainKind::handover);
  stage.run_for(milliseconds(100));
  EXPECT_EQ(stage.shard->drain().requests_left(), 1U) << "its request is still on the way";
  stage.send(fd, orion_upgrade());
  EXPECT_TRUE(stage.take_received(fd).starts_with("HTTP/1.1 101 "));
  stage.run_for(milliseconds(100));
  EXPECT_EQ(stage.closes(CloseReason::shutdown), 1U);
  stage.end(fd);
  EXPECT_EQ(stage.shard->drain().clients_left(), 0U);
  stage.run_for(milliseconds(100));
  EXPECT_EQ(stage.shard->drain().requests_left(), 0U);
  stage.expect_nothing_left();
}

TEST(Handover, ARequestIsAnsweredAndItsConnectionClosed) {
  ShardStage stage;
  const int fd = stage.connect();
  stage.shard->begin_drain(milliseconds(0), DrainKind::handover);
  stage.send(fd, post("/echo", "x"));
  EXPECT_TRUE(stage.take_received(fd).starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(stage.sockets[fd].shut_down);
}

TEST(Handover, AConnectionWithoutARequestEndsItWithItsDeadline) {
  ShardStage stage("server.handshake_timeout = \"2s\"\n" + std::string(kOrion));
  const int fd = stage.connect();
  stage.shard->begin_drain(milliseconds(0), DrainKind::handover);
  stage.run_for(milliseconds(1900));
  EXPECT_EQ(stage.shard->drain().requests_left(), 1U);
  stage.run_for(milliseconds(300));
  stage.end(fd);
  stage.run_for(milliseconds(100));
  EXPECT_EQ(stage.shard->drain().requests_left(), 0U);
}

}  // namespace
}  // namespace carillon::gateway::testing
