// Request bodies: their total budget, their minimum rate, and running out of memory.
#include <gtest/gtest.h>

#include <new>

#include "base/testing/allocation_ceiling.h"
#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

TEST(RequestBodies, ABodyThatDoesNotArriveIsAnswered408) {
  ShardStage stage;
  const int fd = stage.connect();
  stage.send(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_GE(stage.admission.bodies().bytes(), 2U);
  stage.run_for(milliseconds(9990));
  EXPECT_EQ(stage.take_received(fd), "");
  stage.run_for(milliseconds(20));
  EXPECT_EQ(stage.take_received(fd).substr(9, 3), "408");
  EXPECT_EQ(stage.refusals(RefusalReason::body_timeout), 1U);
  EXPECT_EQ(stage.all_refusals(), 1U);
  EXPECT_EQ(stage.admission.bodies().bytes(), 0U) << "given back at once, not when the peer has gone";
}

// server.body_rate_min is 4 KiB per second: 40 KiB in each body_timeout of ten seconds.
TEST(RequestBodies, ABodyBelowTheMinimumRateIsAnswered408) {
  for (const std::size_t bytes_a_second : {4000U, 4096U, 64U * 1024}) {
    ShardStage stage;
    stage.api.body_bytes_max = 1024 * 1024;
    const int fd = stage.connect();
    std::string left(1024 * 1024, 'x');
    stage.send(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n");
    std::string answer;
    for (int second = 0; second < 300 && answer.empty(); ++second) {
      stage.send(fd, left.substr(0, bytes_a_second));
      left.erase(0, bytes_a_second);
      answer = stage.take_received(fd);
      stage.run_for(seconds(1));
      answer += stage.take_received(fd);
    }
    const bool in_time = bytes_a_second >= 4096;
    EXPECT_EQ(answer.substr(9, 3), in_time ? "200" : "408") << bytes_a_second;
    EXPECT_EQ(stage.refusals(RefusalReason::body_timeout), in_time ? 0U : 1U);
    EXPECT_EQ(stage.admission.bodies().bytes(), 0U);
  }
}

std::string unfinished_post(std::size_t bytes) {
  return "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + std::string(bytes, 'x');
}

TEST(RequestBodies, UnfinishedBodiesAreBoundedInTotal) {
  ShardStage stage("[server]\nbodies_bytes_max = \"1MiB\"\n" + std::string(kOrion));
  stage.api.body_bytes_max = 1'000'000;
  std::vector<int> clients;
  for (int i = 0; i < 30; ++i) {
    clients.push_back(stage.connect());
    stage.send(clients.back(), unfinished_post(100'000));
    EXPECT_LE(stage.admission.bodies().bytes(), 1024U * 1024);
  }
  std::uint64_t refused = 0;
  for (const int fd : clients) {
    const Answer answer = split_answer(stage.take_received(fd));
    if (answer.head.empty()) continue;
    ++refused;
    EXPECT_EQ(answer.head.substr(9, 3), "503");
    EXPECT_NE(answer.head.find("Retry-After: 1\r\n"), std::string::npos);
  }
  EXPECT_GT(refused, 15U);
  EXPECT_EQ(stage.refusals(RefusalReason::bodies_full), refused);
  for (const int fd : clients) stage.end(fd);
  EXPECT_EQ(stage.admission.bodies().bytes(), 0U);
  stage.run_for(seconds(10));
  stage.expect_nothing_left();
}

TEST(RequestBodies, AnAnswerReachesAClientWhoseLoopHasAFullInbox) {
  ShardStage stage;
  const int fd = stage.connect();
  stage.send(fd, post("/later", "x"));
  while (stage.loop.post([] {})) continue;
  stage.api.deferred.at(0)(FakeApi::text("done"));
  stage.settle();
  EXPECT_EQ(split_answer(stage.take_received(fd)).body, "done");
}

TEST(RequestBodies, ABodyThatIsBeingPublishedStillCounts) {
  ShardStage stage;
  const int fd = stage.connect();
  stage.send(fd, post("/later", std::string(50, 'x')));
  EXPECT_GE(stage.admission.bodies().bytes(), 50U);
  stage.api.deferred.at(0)(FakeApi::text("done"));
  stage.settle();
  EXPECT_EQ(stage.admission.bodies().bytes(), 0U);
  EXPECT_EQ(split_answer(stage.take_received(fd)).body, "done");
}

TEST(RequestBodies, ARequestWithoutABodyIsAnsweredWhileTheBudgetOfBodiesIsUsedUp) {
  ShardStage stage;
  ASSERT_TRUE(stage.admission.bodies().try_take(stage.admission.bodies().bytes_max()));
  EXPECT_EQ(stage.ask("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n").head.substr(9, 3), "200");
  const int fd = stage.connect();
  stage.send(fd, get("/echo", "Host: x\r\n") + get("/echo", "Host: x\r\n"));
  EXPECT_EQ(bodies_of(stage.take_received(fd)).size(), 2U) << "pipelined";
  EXPECT_EQ(stage.ask(post("/echo", "x")).head.substr(9, 3), "503");
  stage.admission.set_memory(MemoryLevel::shedding);
  EXPECT_EQ(stage.ask("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n").head.substr(9, 3), "200");
}

TEST(RequestBodies, TheBudgetIsReleasedWhenTheSenderLeaves) {
  ShardStage stage;
  const int fd = stage.connect();
  stage.send(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n" + std::string(49, 'x'));
  EXPECT_GE(stage.admission.bodies().bytes(), 49U);
  stage.end(fd);
  EXPECT_EQ(stage.admission.bodies().bytes(), 0U);
}

TEST(RequestBodies, ARequestForWhichThereIsNoMemoryIsAnswered503) {
  ShardStage stage;
  stage.api.body_bytes_max = 1'000'000;
  const int fd = stage.connect();
  {
    const carillon::testing::AllocationCeiling ceiling(10'000);
    stage.send(fd, unfinished_post(20'000));
    EXPECT_EQ(stage.take_received(fd).substr(9, 3), "503");
  }
  stage.api.on_handle = [] { throw std::bad_alloc(); };
  EXPECT_EQ(stage.ask(post("/echo", "x")).head.substr(9, 3), "503");
  EXPECT_EQ(stage.refusals(RefusalReason::memory), 2U);
  stage.api.on_handle = [] {};
  EXPECT_EQ(stage.ask(post("/echo", "x")).body, "x");
}

}  // namespace
}  // namespace carillon::gateway::testing
