// Pings, idle clients, stalls of the gateway, and expiring tokens, on fake time.
#include <gtest/gtest.h>

#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

using websocket::Opcode;
using Frames = std::vector<std::string>;

std::string pong() { return client_frame(Opcode::pong, {}); }

TEST(Keepalive, APingIsSentEveryThirtySeconds) {
  ShardStage stage;
  const int fd = stage.open_orion();
  stage.run_for(milliseconds(29'990));
  EXPECT_EQ(stage.take_frames(fd), Frames{});
  stage.run_for(milliseconds(30));
  EXPECT_EQ(stage.sockets[fd].received, std::string("\x89\x00", 2));
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(stage.take_frames(fd), Frames{"ping"});
    stage.send(fd, pong());
    stage.run_for(seconds(30));
  }
}

TEST(Keepalive, AClientThatDoesNotAnswerForSixtySecondsIsDroppedWithoutACloseFrame) {
  ShardStage stage;
  const int fd = stage.open_orion();
  stage.run_for(milliseconds(59'980));
  EXPECT_TRUE(stage.sockets[fd].is_open());
  stage.run_for(milliseconds(40));
  EXPECT_EQ(stage.take_frames(fd), Frames{"ping"}) << "nothing but the ping at 30 s";
  EXPECT_TRUE(stage.was_reset(fd));
  EXPECT_EQ(stage.closes(CloseReason::ping_timeout), 1U);
  EXPECT_EQ(stage.all_closes(), 1U);
  stage.expect_nothing_left();
}

TEST(Keepalive, OnlyAPongExtendsTheDeadline) {
  ShardStage stage;
  const int talker = stage.open_orion();
  const int answerer = stage.open_orion();
  for (int i = 0; i < 7; ++i) {
    stage.run_for(seconds(8));
    stage.send(talker, client_frame(Opcode::text, "hello") + client_frame(Opcode::ping, "x"));
  }
  stage.send(answerer, pong());
  stage.run_for(seconds(5));
  EXPECT_TRUE(stage.was_reset(talker));
  EXPECT_TRUE(stage.sockets[answerer].is_open());
  stage.run_for(seconds(54));
  EXPECT_TRUE(stage.sockets[answerer].is_open());
  stage.run_for(seconds(2));
  EXPECT_TRUE(stage.was_reset(answerer));
}

TEST(Keepalive, DataExtendsTheDeadlineWithDataCounts) {
  ShardStage stage(std::string(kOrion) + "keepalive.data_counts = true\n");
  const int fd = stage.open_orion();
  for (int i = 0; i < 20; ++i) {
    stage.run_for(seconds(20));
    stage.send(fd, client_frame(i % 2 == 0 ? Opcode::text : Opcode::ping, "x"));
  }
  EXPECT_TRUE(stage.sockets[fd].is_open());
  stage.run_for(seconds(61));
  EXPECT_TRUE(stage.was_reset(fd));
}

TEST(Keepalive, AStallOfTheGatewayDoesNotCountAsSilence) {
  ShardStage stage;
  std::vector<int> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(stage.open_orion());
  stage.run_for(milliseconds(59'500));  // pinged at 30 s; half a second of grace is left
  stage.stall(seconds(2));
  for (const int fd : clients) EXPECT_TRUE(stage.sockets[fd].is_open());
  for (const int fd : clients) {
    if (fd != clients[0]) stage.send(fd, pong());
  }
  stage.run_for(seconds(6));
  EXPECT_EQ(stage.closes(CloseReason::ping_timeout), 1U) << "the one that is silent still goes";
  EXPECT_TRUE(stage.was_reset(clients[0]));
  EXPECT_EQ(stage.open_connections(), 49U);
}

TEST(Keepalive, AClientThatReadDuringAStallIsNotSlow) {
  ShardStage stage;
  const int fd = stage.open_orion();
  stage.sockets[fd].capacity = 10;
  stage.publish("orion.a", "1");
  stage.run_for(seconds(5));
  stage.stall(seconds(20));
  EXPECT_EQ(stage.all_closes(), 0U);
  stage.let_read(fd, FakeSocket::kEndless);  // epoll reports it in the second turn
  stage.run_for(seconds(1));
  EXPECT_EQ(stage.all_closes(), 0U);
  EXPECT_EQ(stage.take_frames(fd).size(), 1U);
}

TEST(Keepalive, AStalledGatewayDoesNotSendThePingsThatItMissed) {
  ShardStage stage;
  const int fd = stage.open_orion();
  stage.send(fd, pong());
  stage.stall(std::chrono::hours(1));
  stage.settle();
  EXPECT_EQ(stage.take_frames(fd), Frames{"ping"});
}

std::string expiring_in(seconds time) {
  const seconds exp = seconds(1'767'225'600) + time;  // FakeLoop's wall clock begins there
  return upgrade_of("/ws?token=" + token_with("{\"exp\":" + std::to_string(exp.count()) + "}"));
}

TEST(Keepalive, AConnectionOutlivesItsToken) {
  ShardStage stage;
  const int fd = stage.open(expiring_in(seconds(10)));
  stage.run_for(seconds(40));
  EXPECT_EQ(stage.take_frames(fd), Frames{"ping"});
  EXPECT_TRUE(stage.sockets[fd].is_open());
}

TEST(Keepalive, CloseAtExpClosesAfterThePendingEvents) {
  ShardStage stage(std::string(kOrion) + "auth.close_at_exp = 1008\n");
  const int fd = stage.open(expiring_in(seconds(25)));
  const int unlimited = stage.open_orion();
  stage.run_for(milliseconds(24'990));
  EXPECT_EQ(stage.take_frames(fd), Frames{});
  stage.run_for(milliseconds(30));
  EXPECT_EQ(stage.take_frames(fd), Frames{"close 1008 Token expired"});
  EXPECT_EQ(stage.closes(CloseReason::token_expired), 1U);
  EXPECT_EQ(stage.open_connections(), 1U);
  EXPECT_TRUE(stage.sockets[unlimited].is_open());
  stage.end(fd);
  EXPECT_TRUE(stage.was_closed(fd));
}

// A sibling of seed 11155: the frame was dropped.
TEST(Keepalive, TheFrameBeforeTheCloseAtExpIsSentAlthoughTheOutboxIsFull) {
  ShardStage stage("server.outbox_bytes_max = 1024\n" + std::string(kOrion) +
                   "auth.close_at_exp = 1008\nauth.expired_frame = '{\"type\":\"expired\"}'\n");
  const int fd = stage.open(expiring_in(seconds(5)));
  stage.sockets[fd].capacity = 0;
  for (int i = 0; i < 11; ++i) stage.send(fd, client_frame(websocket::Opcode::ping, std::string(125, 'p')));
  stage.run_for(seconds(6));
  stage.let_read(fd, FakeSocket::kEndless);
  const Frames frames = stage.take_frames(fd);
  ASSERT_GE(frames.size(), 2U);
  EXPECT_EQ(frames[frames.size() - 2], R"(text {"type":"expired"})");
  EXPECT_EQ(frames.back(), "close 1008 Token expired");
}

TEST(Keepalive, AStepOfTheWallClockClosesOnlyExpiredClients) {
  ShardStage stage(std::string(kOrion) + "auth.close_at_exp = 1008\n");
  const int soon = stage.open(expiring_in(seconds(1800)));
  const int late = stage.open(expiring_in(seconds(7200)));
  stage.loop.step_wall_clock(std::chrono::hours(1));
  for (int i = 0; i < 12; ++i) stage.run_for(seconds(1));
  EXPECT_EQ(stage.take_frames(soon), Frames{"close 1008 Token expired"});
  EXPECT_EQ(stage.take_frames(late), Frames{});
  EXPECT_EQ(stage.all_closes(), 1U);
}

TEST(Keepalive, AStepBackOfTheWallClockClosesNoClientAndDelaysNoPing) {
  ShardStage stage(std::string(kOrion) + "auth.close_at_exp = 1008\n");
  const int fd = stage.open(expiring_in(seconds(20)));
  stage.loop.step_wall_clock(-std::chrono::hours(1));
  stage.run_for(milliseconds(29'990));
  EXPECT_EQ(stage.take_frames(fd), Frames{});
  stage.run_for(milliseconds(30));
  EXPECT_EQ(stage.take_frames(fd), Frames{"ping"});
  EXPECT_TRUE(stage.sockets[fd].is_open());
}

// --- pings behind other bytes -------------------------------------------------------------------

// Runs one second, at whose beginning the client acknowledges up to `acknowledged` of the waiting bytes.
void take_in(ShardStage& stage, int fd, std::uint64_t acknowledged) {
  std::uint64_t& unacked = stage.sockets[fd].unacked;
  unacked -= std::min(unacked, acknowledged);
  stage.run_for(seconds(1));
}

constexpr std::string_view kQuickPings = "keepalive.ping = \"2s\"\nkeepalive.timeout = \"4s\"\n";

// Regression: the client was reset after 4.5 s although the ping had not been sent.
TEST(Keepalive, ThePongDeadlineStartsWhenThePingHasArrived) {
  ShardStage stage(std::string(kOrion) + std::string(kQuickPings));
  const int fd = stage.open_orion();
  stage.sockets[fd].unacked = 600'000;
  stage.sockets[fd].written += 600'000;
  for (int second = 0; second < 12; ++second) {
    take_in(stage, fd, 50'000);
    ASSERT_TRUE(stage.sockets[fd].is_open()) << second;
    if (second == 10) {
      EXPECT_EQ(stage.take_frames(fd), Frames{"ping"}) << "no second ping is queued behind it";
    }
  }
  stage.run_for(seconds(1));
  stage.send(fd, pong());
  stage.run_for(milliseconds(3900));
  EXPECT_TRUE(stage.sockets[fd].is_open());
}

TEST(Keepalive, OnceThePingHasArrivedOnlyAPongCounts) {
  ShardStage stage(std::string(kOrion) + std::string(kQuickPings));
  const int fd = stage.open_orion();
  stage.sockets[fd].unacked = 200'000;
  stage.sockets[fd].written += 200'000;
  for (int second = 0; second < 4; ++second) take_in(stage, fd, 50'000);
  // The ping has arrived now. The client still acknowledges bytes, but never answers.
  int seconds_open = 0;
  while (stage.sockets[fd].is_open() && seconds_open < 20) {
    stage.sockets[fd].unacked += 60'000;
    stage.sockets[fd].written += 60'000;
    take_in(stage, fd, 50'000);
    ++seconds_open;
  }
  EXPECT_GE(seconds_open, 3);
  EXPECT_LE(seconds_open, 6);
  EXPECT_EQ(stage.closes(CloseReason::ping_timeout), 1U);
}

TEST(Keepalive, AHalfOpenPeerIsDetectedAlthoughBytesWaitBeforeThePing) {
  ShardStage stage(std::string(kOrion) + std::string(kQuickPings));
  const int fd = stage.open_orion();
  stage.sockets[fd].unacked = 1000;
  stage.sockets[fd].written += 1000;
  stage.run_for(seconds(6));
  EXPECT_TRUE(stage.was_reset(fd));
  EXPECT_EQ(stage.closes(CloseReason::ping_timeout), 1U);
}

TEST(Keepalive, APingWaitsForRoomInTheOutbox) {
  ShardStage stage("server.outbox_bytes_max = 1024\n[[endpoint]]\nprofile = \"echo\"\n" +
                   std::string(kQuickPings));
  const int fd = stage.open(upgrade_of("/echo"));
  stage.sockets[fd].capacity = 0;
  for (int i = 0; i < 3; ++i) stage.send(fd, client_frame(Opcode::text, std::string(700, 'x')));
  stage.run_for(milliseconds(2600));
  for (int i = 0; i < 16; ++i) {  // it reads slowly
    stage.let_read(fd, 100);
    stage.run_for(milliseconds(250));
  }
  EXPECT_TRUE(stage.sockets[fd].is_open());
  stage.let_read(fd, FakeSocket::kEndless);
  stage.run_for(seconds(1));
  EXPECT_EQ(stage.take_frames(fd).back(), "ping");
  stage.send(fd, pong());
  stage.run_for(milliseconds(1500));
  EXPECT_TRUE(stage.sockets[fd].is_open());
}

TEST(Keepalive, DropUnansweredIgnoresPingsThatHaveNotArrived) {
  ShardStage stage("[[endpoint]]\nprofile = \"fluxora\"\n");
  const int fd = stage.open(upgrade_of("/ws/streams"));
  stage.sockets[fd].unacked = 4'000'000;
  stage.sockets[fd].written += 4'000'000;
  for (int second = 0; second < 80; ++second) take_in(stage, fd, 50'000);
  EXPECT_TRUE(stage.sockets[fd].is_open()) << "after 80 s the ping of 30 s has just arrived";
  for (int second = 0; second < 40; ++second) stage.run_for(seconds(1));
  EXPECT_TRUE(stage.was_reset(fd));
  EXPECT_EQ(stage.closes(CloseReason::ping_timeout), 1U);
}

// The close frame is queued behind the same bytes.
TEST(Keepalive, ASlowReaderStillReceivesTheCloseFrame) {
  ShardStage stage;
  const int fd = stage.open_orion();
  stage.sockets[fd].unacked = 600'000;
  stage.sockets[fd].written += 600'000;
  stage.shard->begin_drain(milliseconds(0));
  stage.settle();
  for (int second = 0; second < 12; ++second) {
    take_in(stage, fd, 50'000);
    ASSERT_TRUE(stage.sockets[fd].is_open()) << second;
  }
  EXPECT_EQ(stage.take_frames(fd), Frames{"close 1001"});
  stage.run_for(milliseconds(1500));
  EXPECT_TRUE(stage.sockets[fd].is_open()) << "the client has two seconds to shut its side";
  stage.run_for(seconds(3));
  EXPECT_TRUE(stage.was_closed(fd));
}

TEST(Keepalive, AClosingClientThatAcknowledgesNothingIsResetAfterFiveSeconds) {
  ShardStage stage;
  const int fd = stage.open_orion();
  stage.sockets[fd].capacity = 0;
  stage.sockets[fd].unacked = 1000;
  stage.sockets[fd].written += 1000;
  stage.shard->begin_drain(milliseconds(0));
  stage.run_for(milliseconds(4900));
  EXPECT_TRUE(stage.sockets[fd].is_open());
  stage.run_for(milliseconds(200));
  EXPECT_TRUE(stage.was_reset(fd));
}

TEST(Keepalive, AClosingClientThatAcknowledgesTooSlowlyIsReset) {
  ShardStage stage;
  const int fd = stage.open_orion();
  stage.sockets[fd].unacked = 10'000'000;
  stage.sockets[fd].written += 10'000'000;
  stage.shard->begin_drain(milliseconds(0));
  stage.settle();
  for (int second = 0; second < 6; ++second) take_in(stage, fd, 1);
  EXPECT_FALSE(stage.sockets[fd].is_open());
}

// Regression: the close frame stayed in the kernel's send buffer, with the other bytes, for minutes.
TEST(Keepalive, AClientThatNeverAcknowledgesItsLastBytesIsReset) {
  ShardStage stage;
  const int fd = stage.open_orion();
  stage.sockets[fd].unacked = 19'500;
  stage.sockets[fd].written += 19'500;
  stage.shard->begin_drain(milliseconds(0));
  stage.run_for(seconds(1));
  EXPECT_TRUE(stage.sockets[fd].shut_down);
  stage.run_for(seconds(9));
  EXPECT_TRUE(stage.was_reset(fd));
}

}  // namespace
}  // namespace carillon::gateway::testing
