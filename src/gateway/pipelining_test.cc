// Pipelined requests: how many are in progress at a time, and that they are answered in order.
#include <gtest/gtest.h>

#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

// Regression: one request of a publisher took two turns of the loop, so that at 500 events per second each
// waited 33 ms.
TEST(Pipelining, RequestsUpToTheLimitAreInProgressAtATime) {
  for (const std::size_t requests : {3U, 4U, 5U}) {
    ShardStage stage("server.pipelined_requests_max = 4\n" + std::string(kOrion));
    const int fd = stage.connect();
    std::string all;
    for (std::size_t i = 0; i < requests; ++i) all += post("/later", "");
    stage.arrive(fd, all);
    stage.loop.turn();
    EXPECT_EQ(stage.api.deferred.size(), std::min<std::size_t>(requests, 4));
    for (std::size_t i = stage.api.deferred.size(); i-- > 0;)
      stage.api.deferred[i](FakeApi::text(std::to_string(i)));
    stage.settle();
    EXPECT_EQ(stage.api.deferred.size(), requests);
    if (requests == 5) stage.api.deferred.at(4)(FakeApi::text("4"));
    stage.settle();
    const std::vector<std::string> bodies = bodies_of(stage.take_received(fd));
    ASSERT_EQ(bodies.size(), requests);
    for (std::size_t i = 0; i < requests; ++i) EXPECT_EQ(bodies[i], std::to_string(i));
  }
}

// Regression: twenty pipelined requests got eight answers and a close, although the last one was keep-alive.
TEST(Pipelining, AnswersThatDoNotFitPauseTheReadingAndNoneIsLost) {
  ShardStage stage("server.outbox_bytes_max = 1024\n" + std::string(kOrion));
  const int fd = stage.connect();
  stage.sockets[fd].capacity = 100;
  std::vector<std::string> bodies;
  std::string all;
  for (int i = 0; i < 100; ++i) {
    bodies.push_back(std::to_string(i) + std::string(50, 'x'));
    all += post("/echo", bodies.back());
  }
  stage.send(fd, all);
  EXPECT_LT(stage.shard->counters().http_requests.get(), 100U) << "no more is read than can be answered";
  EXPECT_TRUE(stage.sockets[fd].is_open());
  std::string received;
  for (int i = 0; i < 1000; ++i) {
    stage.let_read(fd, 50);
    received += stage.take_received(fd);
  }
  EXPECT_EQ(bodies_of(received), bodies);
  EXPECT_EQ(received.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(stage.sockets[fd].is_open());
  stage.end(fd);
  stage.expect_nothing_left();
}

TEST(Pipelining, ARefusalBehindAwaitedAnswersIsTheLastAndHasConnectionClose) {
  for (const std::string& last : {get("/nowhere", "Host: x\r\n"), std::string("nonsense\r\n\r\n"),
                                  post("/echo", std::string(65, 'x'))}) {
    ShardStage stage;
    const int fd = stage.connect();
    stage.send(fd, post("/later", "") + last + post("/echo", "never"));
    EXPECT_EQ(stage.take_received(fd), "");
    stage.api.deferred.at(0)(FakeApi::text("first"));
    stage.settle();
    const std::string received = stage.take_received(fd);
    const std::vector<std::string> bodies = bodies_of(received);
    ASSERT_EQ(bodies.size(), 2U);
    EXPECT_EQ(bodies[0], "first");
    const std::size_t second = received.rfind("HTTP/1.1 ");
    EXPECT_EQ(received.substr(second + 9, 1), "4");
    EXPECT_NE(received.find("Connection: close", second), std::string::npos);
    EXPECT_EQ(received.substr(0, second).find("Connection: close"), std::string::npos);
    EXPECT_TRUE(stage.sockets[fd].shut_down);
    EXPECT_EQ(stage.all_refusals(), 1U);
    stage.end(fd);
    stage.expect_nothing_left();
  }
}

TEST(Pipelining, AnUpgradeWaitsForTheAnswersBeforeIt) {
  ShardStage stage;
  const int fd = stage.connect();
  stage.send(fd, post("/later", "") + orion_upgrade() + client_frame(websocket::Opcode::ping, "p"));
  EXPECT_EQ(stage.take_received(fd), "");
  EXPECT_EQ(stage.open_connections(), 0U);
  stage.api.deferred.at(0)(FakeApi::text("first"));
  stage.settle();
  const std::string received = stage.take_received(fd);
  EXPECT_EQ(bodies_of(received).at(0), "first");
  const std::size_t second = received.find("HTTP/1.1 101");
  ASSERT_NE(second, std::string::npos);
  EXPECT_EQ(frames_of(split_answer(received.substr(second)).body), (std::vector<std::string>{"pong p"}));
  stage.reset(fd);
  stage.expect_nothing_left();
}

TEST(Pipelining, A100ContinueIsNotSentBeforeTheAnswersToEarlierRequests) {
  ShardStage stage;
  const int fd = stage.connect();
  stage.send(fd, post("/later", "") +
                     "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(stage.take_received(fd), "");
  stage.api.deferred.at(0)(FakeApi::text("first"));
  stage.settle();
  const std::string received = stage.take_received(fd);
  EXPECT_GT(received.find("100 Continue"), received.find("first"));
  stage.send(fd, "ok");
  EXPECT_EQ(split_answer(stage.take_received(fd)).body, "ok");
}

TEST(Pipelining, NothingIsReadAfterARequestWithConnectionClose) {
  ShardStage stage;
  const int fd = stage.connect();
  stage.send(fd, post("/later", "", "Connection: close\r\n") + post("/later", ""));
  ASSERT_EQ(stage.api.deferred.size(), 1U);
  stage.api.deferred.at(0)(FakeApi::text("last"));
  stage.settle();
  const Answer answer = split_answer(stage.take_received(fd));
  EXPECT_EQ(answer.body, "last");
  EXPECT_NE(answer.head.find("Connection: close"), std::string::npos);
  EXPECT_EQ(stage.api.deferred.size(), 1U);
}

}  // namespace
}  // namespace carillon::gateway::testing
