// A node whose loops do not run by themselves.
#include "gateway/node.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "client/testing/fake_sockets.h"
#include "gateway/testing/compiled.h"
#include "gateway/testing/recording_log.h"
#include "gateway/testing/shard_stage.h"
#include "gateway/testing/stub_http_handler.h"
#include "reactor/testing/fake_loop.h"

namespace carillon::gateway::testing {
namespace {

// Two shards; the clients are the second one's, so that the test decides when loop 0 runs.
class NodeStage {
 public:
  explicit NodeStage(std::string_view toml) : sockets(*loops_[1]) {
    const config::Settings settings = Compiled::load("server.shards = 2\n" + std::string(toml));
    World world = kernel_world(settings);
    node = std::move(*Node::create(settings,
                                   {.make_loop = [this] { return std::move(loops_[made_++]); },
                                    .sockets = sockets,
                                    .make_bus = world.make_bus,
                                    .random = world.random,
                                    .memory_use =
                                        [] {
                                          return MemoryUse{0, 1 << 30};
                                        },
                                    .memory_limit_bytes = std::uint64_t{1} << 30},
                                   api_, log_));
    node->start();
    run(0);
  }

  // Time passes for both shards.
  void run_for(milliseconds time) {
    for (auto left = time; left > milliseconds(0); left -= std::min(left, milliseconds(10))) {
      for (std::size_t i = 0; i < 2; ++i) {
        static_cast<reactor::FakeLoop&>(node->loop(i)).advance(std::min(left, milliseconds(10)));
        run(i);
      }
    }
  }
  bool has_stopped() { return static_cast<reactor::FakeLoop&>(node->loop(0)).stopped(); }
  std::string take_received(int fd) { return std::exchange(sockets[fd].received, {}); }
  void run(std::size_t loop) { static_cast<reactor::FakeLoop&>(node->loop(loop)).settle(); }
  int open(std::string_view request) {
    const int fd = sockets.open_socket();
    node->shard(1).acceptor().adopt(fd, "192.0.2.1", {});
    send(fd, request);
    return fd;
  }
  void send(int fd, std::string_view bytes) {
    sockets[fd].incoming.append(bytes);
    static_cast<reactor::FakeLoop&>(node->loop(1)).fire(fd, EPOLLIN);
    run(1);
  }
  // How many bytes of bodies wait.
  std::uint64_t held() const { return node->admission().bodies().bytes(); }

 private:
  std::unique_ptr<reactor::FakeLoop> loops_[2] = {std::make_unique<reactor::FakeLoop>(),
                                                  std::make_unique<reactor::FakeLoop>()};
  std::size_t made_ = 0;
  RecordingLog log_;
  StubHttpHandler api_;

 public:
  client::testing::FakeSockets sockets;
  std::unique_ptr<Node> node;
};

// Regression: only their number was bounded, so they could take a hundred times the memory meant for bodies.
TEST(Node, WhatClientsPublishIsBoundedInBytesUntilTheBusTakesIt) {
  NodeStage stage(
      "server.bodies_bytes_max = \"64KiB\"\nserver.body_bytes_max = \"64KiB\"\n[[endpoint]]\nprofile = "
      "\"service\"\nclient_publish = \"on\"\n");
  const int fd = stage.open(upgrade_of("/api/ws?token=" + token_with(R"({"sub":"alice"})")));
  const std::string message = client_frame(
      websocket::Opcode::text, R"({"type":"chat_message","data":{"conversation_id":"7","content":")" +
                                   std::string(20'000, 'x') + "\"}}");
  const auto errors = [&] { return stage.node->shard_counters(1).error_frames.get(); };
  for (int i = 0; i < 3; ++i) stage.send(fd, message);
  EXPECT_EQ(errors(), 0U);
  EXPECT_GT(stage.held(), 60'000U);
  stage.send(fd, message);
  EXPECT_EQ(errors(), 1U);
  EXPECT_EQ(stage.node->shard_counters(1).publishes_failed.get(), 1U);
  EXPECT_LE(stage.held(), 64U * 1024);
  stage.run(0);
  EXPECT_EQ(stage.held(), 0U);
  stage.send(fd, message);
  EXPECT_EQ(errors(), 1U);
}

TEST(Node, NewSettingsReachEveryShard) {
  NodeStage stage("[[endpoint]]\nprofile = \"echo\"\n");
  const int fd = stage.open(upgrade_of("/echo"));
  const auto settings = Compiled::load("[[endpoint]]\nprofile = \"echo\"\ninbound.message_bytes_max = 10\n");
  bool done = false;
  ASSERT_TRUE(stage.node->replace_settings(settings, {}, Node::Removed::stay, [&done] { done = true; }));
  stage.run(0);
  EXPECT_FALSE(done) << "the other shard has not had its turn";
  stage.run(1);
  stage.run(0);
  EXPECT_TRUE(done);
  stage.send(fd, client_frame(websocket::Opcode::text, "12345678901"));
  EXPECT_EQ(stage.node->shard_counters(1).endpoints[0].closes[CloseReason::message_too_large].get(), 1U);
}

TEST(Node, NewSettingsOfOtherEndpointsAreRefused) {
  NodeStage stage("[[endpoint]]\nprofile = \"echo\"\n");
  const auto replaced = stage.node->replace_settings(Compiled::load("[[endpoint]]\nprofile = \"fluxora\"\n"),
                                                     {}, Node::Removed::stay, [] {});
  ASSERT_FALSE(replaced);
  EXPECT_EQ(replaced.error().message,
            "the number, names, paths or transports of the endpoints have changed; restart to apply them");
}

// --- the shutdown -------------------------------------------------------------------------------

constexpr DrainTimes kDelayed{.delay = seconds(5), .longest = seconds(2), .rate = 500};

TEST(NodeDrain, InTheDelayTheNodeIsNotReadyAndServesItsClientsAndNewOnes) {
  NodeStage stage("[[endpoint]]\nprofile = \"echo\"\n");
  const int early = stage.open(upgrade_of("/echo"));
  stage.take_received(early);
  stage.node->begin_drain(kDelayed);
  EXPECT_TRUE(stage.node->draining());
  stage.run_for(milliseconds(4990));
  EXPECT_FALSE(stage.has_stopped());
  const int late = stage.open(upgrade_of("/echo"));
  EXPECT_EQ(stage.take_received(late).substr(0, 12), "HTTP/1.1 101");
  stage.send(early, client_frame(websocket::Opcode::text, "hello"));
  EXPECT_EQ(frames_of(stage.take_received(early)), std::vector<std::string>{"text hello"});
  stage.run_for(milliseconds(20));
  EXPECT_EQ(stage.take_received(stage.open(upgrade_of("/echo"))).substr(0, 12), "HTTP/1.1 503");
  stage.run_for(milliseconds(100));
  for (const int fd : {early, late}) {
    EXPECT_EQ(frames_of(stage.take_received(fd)), std::vector<std::string>{"close 1001"});
  }
}

TEST(NodeDrain, WithoutADelayClientsAreClosedAtOnce) {
  NodeStage stage("[[endpoint]]\nprofile = \"echo\"\n");
  const int fd = stage.open(upgrade_of("/echo"));
  stage.take_received(fd);
  EXPECT_EQ(stage.node->begin_drain({.longest = seconds(2), .rate = 500}), milliseconds(2));
  stage.run_for(milliseconds(50));
  EXPECT_EQ(frames_of(stage.take_received(fd)), std::vector<std::string>{"close 1001"});
}

TEST(NodeDrain, WithoutClientsTheNodeStillWaitsForItsDelay) {
  NodeStage stage("[[endpoint]]\nprofile = \"echo\"\n");
  stage.node->begin_drain(kDelayed);
  stage.run_for(milliseconds(4990));
  EXPECT_FALSE(stage.has_stopped()) << "load balancers may still send clients";
  stage.run_for(milliseconds(100));
  EXPECT_TRUE(stage.has_stopped());
}

TEST(NodeDrain, EndsTwoSecondsAfterItsWindowAlthoughAClientNeverReads) {
  NodeStage stage("[[endpoint]]\nprofile = \"echo\"\n");
  const int fd = stage.open(upgrade_of("/echo"));
  stage.sockets[fd].capacity = 0;
  stage.node->begin_drain({.delay = seconds(1), .longest = seconds(2), .rate = 1});
  stage.run_for(milliseconds(3950));
  EXPECT_FALSE(stage.has_stopped());
  stage.run_for(milliseconds(100));  // 1 s of delay, 1 s of window for one client, 2 s for the last bytes
  EXPECT_TRUE(stage.has_stopped());
}

}  // namespace
}  // namespace carillon::gateway::testing
