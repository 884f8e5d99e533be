// Messages of WebSocket clients and the replies to them: orion ignores messages, echo repeats them.
#include <gtest/gtest.h>

#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

using websocket::Fin;
using websocket::Opcode;
using Frames = std::vector<std::string>;

TEST(Session, ClientDataIsReadAndNeverAnswered) {
  ShardStage stage;
  const int fd = stage.open_orion();
  stage.send(fd, client_frame(Opcode::text, "{\"type\":\"subscribe\"}"));
  stage.send(fd, client_frame(Opcode::binary, std::string("\0\xff", 2)));
  stage.run_for(seconds(1));
  EXPECT_EQ(stage.take_received(fd), "");
  EXPECT_EQ(stage.shard->counters().endpoints[0].messages_in.get(), 2U);
  EXPECT_TRUE(stage.sockets[fd].is_open());
}

TEST(Session, AMessageOf512BytesIsAcceptedAndOf513ClosesWith1009) {
  for (const std::size_t size : {511U, 512U, 513U}) {
    ShardStage stage;
    const int whole = stage.open_orion();
    const int in_parts = stage.open_orion();
    stage.send(whole, client_frame(Opcode::text, std::string(size, 'a')));
    stage.send(in_parts, client_frame(Opcode::binary, std::string(300, 'a'), Fin::no));
    stage.send(in_parts, client_frame(Opcode::continuation, std::string(size - 300, 'a')));
    for (const int fd : {whole, in_parts}) {
      const Frames frames = stage.take_frames(fd);
      if (size <= 512) {
        EXPECT_EQ(frames, Frames{});
      } else {
        ASSERT_EQ(frames.size(), 1U);
        EXPECT_EQ(frames[0].substr(0, 10), "close 1009");
      }
    }
    EXPECT_EQ(stage.closes(CloseReason::message_too_large), size <= 512 ? 0U : 2U);
    EXPECT_EQ(stage.all_closes(), size <= 512 ? 0U : 2U);
  }
}

TEST(Session, AClientsCloseIsEchoedWithItsCodeAndCountedOnce) {
  for (const auto code : std::initializer_list<std::uint16_t>{1000, 1001, 1011, 3000, 4999}) {
    ShardStage stage;
    const int fd = stage.open_orion();
    stage.send(fd, client_close(code, "bye") + client_frame(Opcode::ping, "after"));
    EXPECT_EQ(stage.take_frames(fd), Frames{"close " + std::to_string(code)});
    EXPECT_TRUE(stage.sockets[fd].shut_down);
    EXPECT_EQ(stage.open_connections(), 0U) << "gone from the count at once";
    stage.end(fd);
    EXPECT_TRUE(stage.was_closed(fd));
    EXPECT_EQ(stage.closes(CloseReason::client_close), 1U);
    stage.expect_nothing_left();
  }
}

TEST(Session, ACloseWithoutACodeIsEchoedWithoutOne) {
  ShardStage stage;
  const int fd = stage.open_orion();
  stage.send(fd, client_frame(Opcode::close, ""));
  EXPECT_EQ(stage.take_frames(fd), Frames{"close"});
}

TEST(Session, APeerThatNeverClosesItsSideIsClosedAfterTwoSeconds) {
  ShardStage stage;
  const int fd = stage.open_orion();
  stage.send(fd, client_close(1000));
  stage.run_for(milliseconds(1900));
  stage.send(fd, "what comes now is thrown away");
  EXPECT_TRUE(stage.sockets[fd].is_open());
  stage.run_for(milliseconds(200));
  EXPECT_TRUE(stage.was_closed(fd));
  stage.expect_nothing_left();
}

TEST(Session, ProtocolErrorsCloseWithTheirCodes) {
  std::string unmasked = "\x81\x01";
  unmasked += 'a';
  const std::pair<std::string, std::string_view> rows[] = {
      {unmasked, "close 1002"},
      {std::string("\xc1\x80\0\0\0\0", 6), "close 1002"},         // RSV1 without deflate
      {client_frame(static_cast<Opcode>(3), "x"), "close 1002"},  // reserved opcode
      {client_frame(Opcode::continuation, "x"), "close 1002"},    // stray
      {client_frame(Opcode::ping, "x", Fin::no), "close 1002"},   // fragmented control
      {client_frame(Opcode::close, "x"), "close 1002"},           // one byte of code
      {client_close(1005), "close 1002"},                         // may not be sent
      {client_frame(Opcode::text, "\xff"), "close 1007"},         // not UTF-8
  };
  for (const auto& [bytes, close] : rows) {
    ShardStage stage;
    const int whole = stage.open_orion();
    stage.send(whole, bytes);
    const int dripped = stage.open_orion();
    for (const char byte : bytes) stage.send(dripped, std::string_view(&byte, 1));
    for (const int fd : {whole, dripped}) {
      const Frames frames = stage.take_frames(fd);
      ASSERT_EQ(frames.size(), 1U) << close;
      EXPECT_EQ(frames[0].substr(0, 10), close);
      stage.end(fd);
    }
    EXPECT_EQ(stage.closes(CloseReason::protocol_error), 2U);
    EXPECT_EQ(stage.all_closes(), 2U);
    stage.expect_nothing_left();
  }
}

TEST(Session, AnEndWithoutACloseFrameIsCountedAsGone) {
  ShardStage stage;
  stage.end(stage.open_orion());
  stage.reset(stage.open_orion());
  EXPECT_EQ(stage.closes(CloseReason::client_gone), 2U);
  stage.expect_nothing_left();
}

TEST(Session, EchoRepeatsTextAndBinary) {
  ShardStage stage(kEcho);
  const int fd = stage.open(upgrade_of("/echo"));
  stage.send(fd, client_frame(Opcode::text, "Grüße", Fin::no) + client_frame(Opcode::ping, "p") +
                     client_frame(Opcode::continuation, "!") + client_frame(Opcode::binary, "b"));
  EXPECT_EQ(stage.take_frames(fd), (Frames{"pong p", "text Grüße!", "binary b"}));
}

// Sends numbered messages in one burst while the client reads nothing, then lets it read in steps.
void echo_under_pressure(std::size_t step, std::size_t read_bytes_max) {
  ShardStage stage("server.outbox_bytes_max = 4096\n" + std::string(kEcho));
  const int fd = stage.open(upgrade_of("/echo"));
  stage.sockets[fd].capacity = 0;
  stage.sockets[fd].read_bytes_max = read_bytes_max;
  Frames wanted;
  std::string all;
  for (int i = 0; i < 300; ++i) {
    const std::string text = std::to_string(i) + std::string(static_cast<std::size_t>(i) % 97 * 3, 'x');
    wanted.push_back("text " + text);
    all += client_frame(Opcode::text, text);
  }
  all += client_close(1000);
  wanted.emplace_back("close 1000");
  stage.send(fd, all);
  EXPECT_FALSE(stage.sockets[fd].incoming.empty() && read_bytes_max < all.size()) << "it is still being read";
  for (int i = 0; i < 100000 && !stage.sockets[fd].shut_down; ++i) stage.let_read(fd, step);
  EXPECT_EQ(stage.take_frames(fd), wanted);
  stage.end(fd);
  stage.expect_nothing_left();
}

TEST(Session, AFullOutboxPausesReadingAndNothingIsLostOrRepeated) {
  for (const std::size_t step : {1U, 7U, 100U, 4096U, 5000U, 1000000U}) {
    for (const std::size_t read_bytes_max : {100U, 1000U, 1000000U}) {
      echo_under_pressure(step, read_bytes_max);
    }
  }
}

// Regression: replies made while resuming were only sent with the next I/O event, which never came.
TEST(Session, APausedEchoResumesWhenItsClientReads) {
  ShardStage stage("server.outbox_bytes_max = 1024\n" + std::string(kEcho));
  const int fd = stage.open(upgrade_of("/echo"));
  stage.sockets[fd].capacity = 0;
  std::string all;
  for (int i = 0; i < 200; ++i) all += client_frame(Opcode::text, std::string(100, 'x'));
  stage.send(fd, all);
  EXPECT_EQ(stage.take_received(fd), "");
  stage.let_read(fd, FakeSocket::kEndless);  // one edge, and no other
  EXPECT_EQ(stage.take_frames(fd).size(), 200U);
}

TEST(Session, AFloodOfPingsIsBoundedByTheOutbox) {
  ShardStage stage("server.outbox_bytes_max = 4096\n" + std::string(kOrion) +
                   "inbound.control_rate = \"off\"\n");
  const int fd = stage.open_orion();
  stage.sockets[fd].capacity = 0;
  const std::string ping = client_frame(Opcode::ping, std::string(125, 'p'));
  std::string burst;
  for (int i = 0; i < 400; ++i) burst += ping;
  for (int i = 0; i < 10; ++i) stage.send(fd, burst);
  const std::size_t unread = stage.sockets[fd].incoming.size();
  EXPECT_GT(unread, burst.size() * 10 - 64 * 1024) << "not read while its answers do not leave";
  stage.sockets[fd].capacity = FakeSocket::kEndless;
  stage.let_read(fd, FakeSocket::kEndless);
  EXPECT_TRUE(stage.sockets[fd].incoming.empty());
  const auto pongs = stage.take_frames(fd).size();
  EXPECT_GT(pongs, 32U);
  EXPECT_EQ(pongs + stage.shard->counters().pings_passed_over.get(), 4000U);
}

TEST(Session, AResetOfAPausedClientIsDetected) {
  ShardStage stage("server.outbox_bytes_max = 1024\n" + std::string(kEcho));
  const int fd = stage.open(upgrade_of("/echo"));
  stage.sockets[fd].capacity = 0;
  for (int i = 0; i < 50; ++i) stage.send(fd, client_frame(Opcode::text, std::string(100, 'x')));
  stage.reset(fd);
  EXPECT_EQ(stage.closes(CloseReason::client_gone), 1U);
  stage.expect_nothing_left();
}

TEST(Session, AnEchoClientThatNeverReadsIsClosedAsSlow) {
  ShardStage stage(kEcho);
  const int fd = stage.open(upgrade_of("/echo"));
  stage.sockets[fd].capacity = 100;
  for (int i = 0; i < 50; ++i) stage.send(fd, client_frame(Opcode::text, std::string(5000, 'x')));
  stage.run_for(seconds(20));
  EXPECT_TRUE(stage.was_reset(fd));
  EXPECT_EQ(stage.closes(CloseReason::slow_consumer), 1U);
  stage.expect_nothing_left();
}

}  // namespace
}  // namespace carillon::gateway::testing
