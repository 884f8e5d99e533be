// Bounds on how much one client's bytes can delay other clients: visits, floods, paused reading.
#include <gtest/gtest.h>

#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

using websocket::Fin;
using websocket::Opcode;
using Frames = std::vector<std::string>;
using std::chrono::microseconds;

std::string service_upgrade() { return upgrade_of("/api/ws?token=" + token_with(R"({"sub":"alice"})")); }

std::string many(int count, const std::string& bytes) {
  std::string all;
  for (int i = 0; i < count; ++i) all += bytes;
  return all;
}

// How much of a flood one turn reads when each visit takes a quarter of the slice.
TEST(Reading, AVisitIsBoundedInCommandsFramesAndBytes) {
  const std::string command = client_frame(Opcode::text, R"({"type":"subscribe","data":{"channel":"a"}})");
  struct Row {
    std::string unit;
    std::uint64_t messages_max;  // of four visits
  };
  const Row rows[] = {
      {command, 4 * 32},
      {client_frame(Opcode::text, ""), 4 * 256},
      {client_frame(Opcode::text, std::string(8000, 'x')), 4 * 3},
  };
  for (const Row& row : rows) {
    ShardStage stage(std::string(kService) + "inbound.control_rate = \"off\"\n");
    const int fd = stage.open(service_upgrade());
    stage.sockets.set_cost_of_a_look(microseconds(250));
    stage.arrive(fd, many(2000, row.unit));
    stage.loop.turn();
    const std::uint64_t read = stage.shard->counters().endpoints[0].messages_in.get();
    EXPECT_GT(read, 0U);
    EXPECT_LE(read, row.messages_max);
    stage.run_for(seconds(1));
    EXPECT_EQ(stage.shard->counters().endpoints[0].messages_in.get(), 2000U)
        << "all of it is read in the end";
  }
}

TEST(Reading, OneByteFragmentsAreBoundedByTheirNumber) {
  ShardStage stage("[[endpoint]]\nprofile = \"echo\"\n");
  const int fd = stage.open(upgrade_of("/echo"));
  stage.sockets.set_cost_of_a_look(milliseconds(1));  // one visit a turn
  std::string fragments = client_frame(Opcode::text, "a", Fin::no);
  fragments += many(1022, client_frame(Opcode::continuation, "b", Fin::no));
  fragments += client_frame(Opcode::continuation, "c");
  stage.arrive(fd, fragments);
  int turns = 0;
  while (stage.shard->counters().endpoints[0].messages_in.get() == 0 && turns < 100) {
    stage.loop.turn();
    ++turns;
  }
  EXPECT_GE(turns, 1024 / 256);
  stage.sockets.set_cost_of_a_look(microseconds(0));
  stage.settle();
  EXPECT_EQ(stage.take_frames(fd), Frames{"text a" + std::string(1022, 'b') + "c"});
}

TEST(Reading, ACommandFloodDoesNotBlockOtherClients) {
  ShardStage stage(kService);
  std::vector<int> flooders;
  const std::string on = client_frame(Opcode::text, R"({"type":"subscribe","data":{"channel":"a"}})");
  const std::string off = client_frame(Opcode::text, R"({"type":"unsubscribe","data":{"channel":"a"}})");
  for (int i = 0; i < 50; ++i) flooders.push_back(stage.open(service_upgrade()));
  const int good = stage.open(service_upgrade());
  stage.sockets.set_cost_of_a_look(microseconds(100));
  for (const int fd : flooders) stage.arrive(fd, many(500, on + off));
  for (int i = 0; i < 12; ++i) stage.loop.turn();  // each flooder has been visited
  const std::uint64_t before = stage.shard->counters().commands.get();
  stage.arrive(good, client_frame(Opcode::text, R"({"type":"ping"})"));
  for (int i = 0; i < 3; ++i) stage.loop.turn();
  EXPECT_EQ(stage.take_frames(good).size(), 1U) << "it waited for no more than a few turns";
  EXPECT_LE(stage.shard->counters().commands.get() - before, 3U * 10 * 32);
  stage.run_for(seconds(5));
  EXPECT_EQ(stage.shard->counters().commands.get(), 50U * 1000 + 1);
}

// --- control frames -----------------------------------------------------------------------------

TEST(Reading, OfManyPingsInOneReadTheFirstAndTheNewestAreAnswered) {
  for (const int pings : {15, 16, 17, 100}) {
    ShardStage stage;
    const int fd = stage.open_orion();
    std::string all;
    for (int i = 1; i <= pings; ++i) all += client_frame(Opcode::ping, std::to_string(i));
    stage.send(fd, all);
    Frames wanted;
    for (int i = 1; i <= std::min(pings, 16); ++i) wanted.push_back("pong " + std::to_string(i));
    if (pings > 16) wanted.push_back("pong " + std::to_string(pings));
    EXPECT_EQ(stage.take_frames(fd), wanted);
    EXPECT_EQ(stage.shard->counters().control_frames_in.get(), static_cast<std::uint64_t>(pings));
    EXPECT_EQ(stage.shard->counters().pings_passed_over.get(),
              static_cast<std::uint64_t>(std::max(pings - 17, 0)));
  }
}

TEST(Reading, PingsAndPongsOverTheBurstCloseWith1008) {
  for (const auto opcode : {Opcode::ping, Opcode::pong}) {
    for (const int frames : {199, 200, 201}) {
      ShardStage stage;
      const int fd = stage.open_orion();
      for (int i = 0; i < frames; ++i) stage.send(fd, client_frame(opcode, ""));
      const Frames received = stage.take_frames(fd);
      const bool closed = !received.empty() && received.back() == "close 1008 Too many control frames";
      EXPECT_EQ(closed, frames > 200) << frames;
      EXPECT_EQ(stage.closes(CloseReason::control_rate), frames > 200 ? 1U : 0U);
      EXPECT_EQ(stage.all_closes(), frames > 200 ? 1U : 0U);
    }
  }
}

TEST(Reading, AClosedFlooderIsLogged) {
  ShardStage stage;
  stage.send(stage.open_orion(), many(300, client_frame(Opcode::pong, "")));
  ASSERT_FALSE(stage.log.lines.empty());
  EXPECT_NE(stage.log.lines.back().find("reason=control_rate"), std::string::npos) << stage.log.lines.back();
}

TEST(Reading, AHundredPingsASecondAreNeverRefused) {
  ShardStage stage;
  const int fd = stage.open_orion();
  for (int i = 0; i < 1000; ++i) {
    stage.send(fd, client_frame(Opcode::ping, "x") + client_frame(Opcode::pong, "x"));
    stage.run_for(milliseconds(20));
  }
  EXPECT_TRUE(stage.sockets[fd].is_open());
  EXPECT_EQ(stage.all_closes(), 0U);
}

TEST(Reading, TheControlRateIsConfigurable) {
  ShardStage off(std::string(kOrion) + "inbound.control_rate = \"off\"\n");
  const int free = off.open_orion();
  off.send(free, many(5000, client_frame(Opcode::ping, "x")));
  EXPECT_TRUE(off.sockets[free].is_open());
  ShardStage low(std::string(kOrion) +
                 "inbound = { control_rate = 1, control_burst = 2, control_reason = \"Calm down\" }\n");
  const int fd = low.open_orion();
  low.send(fd, many(3, client_frame(Opcode::pong, "")));
  EXPECT_EQ(low.take_frames(fd), Frames{"close 1008 Calm down"});
}

TEST(Reading, ControlFramesDoNotCountAgainstTheRateOfMessages) {
  ShardStage stage("[[endpoint]]\nprofile = \"fluxora\"\n");
  const int fd = stage.open(upgrade_of("/ws/streams"));
  stage.send(fd, many(100, client_frame(Opcode::ping, "")) + many(10, client_frame(Opcode::text, "x")));
  EXPECT_TRUE(stage.sockets[fd].is_open());
  EXPECT_EQ(stage.all_closes(), 0U);
  stage.send(fd, client_frame(Opcode::text, "x"));
  EXPECT_EQ(stage.take_frames(fd).back(), "close 1008 Rate limit exceeded");
  EXPECT_EQ(stage.closes(CloseReason::rate_exceeded), 1U);
}

// --- paused -------------------------------------------------------------------------------------

// Regression: the read slice was 0 ms while events waited to be written, so that no client was read at all.
TEST(Reading, RequestsAreReadWhileEventsAlwaysWaitToBeWritten) {
  ShardStage stage(std::string(kOrion) + "[[endpoint]]\nprofile = \"echo\"\n");
  for (int i = 0; i < 50; ++i) stage.open_orion();
  const int fd = stage.connect();
  stage.sockets.set_cost_of_a_look(microseconds(100));  // ten writes a turn
  for (int turn = 0; turn < 20; ++turn) {
    stage.router.on_event({"orion.a", "1"});
    stage.router.on_batch_end();
    if (turn == 5) stage.arrive(fd, upgrade_of("/echo"));
    stage.loop.turn();
  }
  EXPECT_EQ(stage.open_connections(1), 1U);
}

// Regression: a publisher's events were up to 40 ms late while three hundred clients connected at once,
// because its request waited behind all of their handshakes.
TEST(Reading, APublishersNextRequestDoesNotWaitBehindAWaveOfHandshakes) {
  ShardStage stage;
  const int publisher = stage.connect();
  const std::string request = "GET /now HTTP/1.1\r\nHost: a\r\n\r\n";
  stage.arrive(publisher, request);
  stage.settle();
  ASSERT_NE(stage.take_received(publisher), "");
  for (int i = 0; i < 100; ++i) stage.arrive(stage.connect(), orion_upgrade());
  stage.sockets.set_cost_of_a_look(microseconds(200));  // five visits a turn
  stage.arrive(publisher, request);
  for (int i = 0; i < 3; ++i) stage.loop.turn();
  EXPECT_NE(stage.take_received(publisher), "");
}

// Regression: on a busy machine requests were answered 408 although their heads had arrived, because timers
// ran before reading.
TEST(Reading, AHeadThatArrivedInTimeIsNotLateBecauseItIsReadLate) {
  ShardStage stage;
  std::vector<int> fds;
  for (int i = 0; i < 20; ++i) {
    fds.push_back(stage.connect());
    stage.arrive(fds.back(), orion_upgrade());
  }
  stage.sockets.set_cost_of_a_look(microseconds(400));  // two visits a turn: most wait longer than that
  stage.stall(seconds(6));
  stage.settle();
  stage.run_for(seconds(1));
  for (const int fd : fds)
    EXPECT_EQ(split_answer(stage.take_received(fd)).head.substr(0, 12), "HTTP/1.1 101");
  EXPECT_EQ(stage.all_refusals(), 0U);
}

TEST(Reading, AHeadThatDidNotArriveInTimeIsLate) {
  ShardStage stage;
  const int fd = stage.connect();
  stage.stall(seconds(6));
  stage.settle();
  EXPECT_EQ(stage.refusals(RefusalReason::handshake_timeout), 1U);
  EXPECT_EQ(split_answer(stage.take_received(fd)).head.substr(0, 12), "HTTP/1.1 408");
}

// Regression: a connection that was paused when it was closed was not read again, so that its client's
// half-close was only noticed after the timeout of two seconds.
TEST(Reading, AConnectionClosedWhilePausedStillDetectsItsClientsClose) {
  ShardStage stage("server.outbox_bytes_max = 1024\n" + std::string(kEcho));
  const int fd = stage.open(upgrade_of("/echo"));
  stage.sockets[fd].capacity = 100;
  for (int i = 0; i < 50; ++i) stage.send(fd, client_frame(Opcode::text, std::string(100, 'x')));
  ASSERT_FALSE(stage.sockets[fd].incoming.empty()) << "it is paused";
  stage.shard->begin_drain(milliseconds(0));
  stage.settle();
  stage.let_read(fd, FakeSocket::kEndless);
  ASSERT_TRUE(stage.sockets[fd].shut_down);
  stage.end(fd);
  EXPECT_TRUE(stage.was_closed(fd)) << "at once, not after two seconds";
  stage.expect_nothing_left();
}

}  // namespace
}  // namespace carillon::gateway::testing
