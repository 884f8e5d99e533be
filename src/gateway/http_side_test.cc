// HTTP connections: requests of the API, pipelines, idle keep-alive connections, late answers.
#include <gtest/gtest.h>

#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

TEST(HttpSide, AConnectionIsKeptAliveBetweenRequests) {
  ShardStage stage;
  const int fd = stage.connect();
  for (const std::string body : {"one", "two", "three"}) {
    stage.send(fd, post("/echo", body));
    const Answer answer = split_answer(stage.take_received(fd));
    EXPECT_NE(answer.head.find("Connection: keep-alive"), std::string::npos);
    EXPECT_EQ(answer.body, body);
    stage.run_for(seconds(50));
  }
  EXPECT_EQ(stage.shard->counters().http_requests.get(), 3U);
  stage.run_for(seconds(9));
  EXPECT_TRUE(stage.sockets[fd].is_open());
  stage.run_for(seconds(3));
  EXPECT_EQ(stage.take_received(fd), "") << "idleness is no fault: closed without a word";
  EXPECT_EQ(stage.all_refusals(), 0U);
  stage.expect_nothing_left();
}

TEST(HttpSide, ConnectionCloseClosesAfterTheAnswer) {
  ShardStage stage;
  const Answer answer = stage.ask(post("/echo", "x", "Connection: close\r\n"));
  EXPECT_NE(answer.head.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(stage.sockets[stage.last_fd].shut_down);
  stage.end(stage.last_fd);
  EXPECT_TRUE(stage.was_closed(stage.last_fd));
  stage.expect_nothing_left();
}

TEST(HttpSide, AHeadIsAnsweredWithoutABody) {
  ShardStage stage;
  EXPECT_EQ(stage.ask("HEAD /nowhere HTTP/1.1\r\nHost: x\r\n\r\n").body, "");
}

TEST(HttpSide, AHeadRequestDoesNotAffectTheNextOne) {
  ShardStage stage;
  const int fd = stage.connect();
  stage.send(fd, "HEAD /now HTTP/1.1\r\nHost: x\r\n\r\n");
  stage.take_received(fd);
  stage.send(fd, "GET / HTTP/9.9\r\n");
  EXPECT_NE(split_answer(stage.take_received(fd)).body, "");
}

TEST(HttpSide, PipelinedRequestsAreAnsweredInOrder) {
  ShardStage stage;
  const int fd = stage.connect();
  std::string all;
  std::vector<std::string> bodies;
  for (int i = 0; i < 300; ++i) {
    bodies.push_back("body " + std::to_string(i));
    all += post("/echo", bodies.back());
  }
  stage.send(fd, all);
  EXPECT_EQ(bodies_of(stage.take_received(fd)), bodies);
}

// Regression: each answer queued the connection once more for reading.
TEST(HttpSide, APipelineIsAnsweredWholeWithoutBlockingOthers) {
  ShardStage stage;
  stage.sockets.set_cost_of_a_look(std::chrono::microseconds(250));  // of one visit: four fill a turn's slice
  const int busy = stage.connect();
  const int other = stage.connect();
  std::string all;
  for (int i = 0; i < 500; ++i) all += get("/now", "Host: x\r\n");
  stage.arrive(busy, all);
  stage.arrive(other, get("/now", "Host: x\r\n"));
  std::uint64_t before = stage.shard->counters().http_requests.get();
  for (int turn = 0; turn < 5; ++turn) {
    stage.loop.turn();
    const std::uint64_t now = stage.shard->counters().http_requests.get();
    EXPECT_LE(now - before, 4U * 16U);
    EXPECT_GT(now, before);
    before = now;
  }
  EXPECT_NE(stage.take_received(other), "");
  stage.settle();
  EXPECT_EQ(stage.shard->counters().http_requests.get(), 501U);
  EXPECT_GT(stage.shard->counters().read_slices_used_up.get(), 0U);
}

TEST(HttpSide, ABodyMayComeByteByByteAndInChunks) {
  ShardStage stage;
  const int fd = stage.connect();
  for (const char byte : post("/echo", "sized")) stage.send(fd, std::string_view(&byte, 1));
  for (const char byte : std::string("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                                     "3\r\nchu\r\n4\r\nnked\r\n0\r\n\r\n")) {
    stage.send(fd, std::string_view(&byte, 1));
  }
  EXPECT_EQ(bodies_of(stage.take_received(fd)), (std::vector<std::string>{"sized", "chunked"}));
}

TEST(HttpSide, ABodyIsAcceptedUpToTheLimit) {
  for (const std::size_t size : {63U, 64U, 65U}) {
    ShardStage stage;
    const Answer answer = stage.ask(post("/echo", std::string(size, 'a')));
    EXPECT_EQ(answer.head.substr(9, 3), size <= 64 ? "200" : "413");
    EXPECT_EQ(stage.refusals(RefusalReason::bad_request), size <= 64 ? 0U : 1U);
  }
}

TEST(HttpSide, AnExpectationIsAnsweredOnceTheHeadIsGood) {
  ShardStage stage;
  const int fd = stage.connect();
  stage.send(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(stage.take_received(fd), "HTTP/1.1 100 Continue\r\n\r\n");
  stage.send(fd, "ok");
  EXPECT_EQ(split_answer(stage.take_received(fd)).body, "ok");
}

TEST(HttpSide, ALateAnswerGoesBeforeThoseToLaterRequests) {
  ShardStage stage;
  const int fd = stage.connect();
  stage.send(fd, post("/later", "") + post("/echo", "second"));
  stage.send(fd, post("/echo", "third"));
  EXPECT_EQ(stage.take_received(fd), "");
  stage.api.deferred.at(0)(FakeApi::text("first"));
  stage.settle();
  EXPECT_EQ(bodies_of(stage.take_received(fd)), (std::vector<std::string>{"first", "second", "third"}));
}

TEST(HttpSide, ASecondAnswerAndOneToAConnectionThatIsGoneAreDropped) {
  ShardStage stage;
  const int fd = stage.connect();
  stage.send(fd, post("/later", "") + post("/later", ""));
  ASSERT_EQ(stage.api.deferred.size(), 2U);
  stage.api.deferred.at(0)(FakeApi::text("first"));
  stage.api.deferred.at(0)(FakeApi::text("again"));
  stage.settle();
  stage.api.deferred.at(0)(FakeApi::text("and again"));
  stage.settle();
  EXPECT_EQ(bodies_of(stage.take_received(fd)), (std::vector<std::string>{"first"}));
  stage.api.deferred.at(1)(FakeApi::text("second"));
  stage.settle();
  EXPECT_EQ(bodies_of(stage.take_received(fd)), (std::vector<std::string>{"second"}));
  stage.end(fd);
  stage.expect_nothing_left();
  stage.api.deferred.at(1)(FakeApi::text("ghost"));
  const int next = stage.connect();  // takes the same place in the table
  stage.settle();
  EXPECT_EQ(stage.take_received(next), "");
}

TEST(HttpSide, AnAnswerThatNeverComesIs504) {
  ShardStage stage;
  const int fd = stage.connect();
  stage.send(fd, post("/later", "") + post("/later", ""));
  stage.run_for(seconds(31));
  const std::string received = stage.take_received(fd);
  EXPECT_EQ(received.substr(9, 3), "504");
  EXPECT_EQ(stage.refusals(RefusalReason::answer_timeout), 1U);
  EXPECT_NE(received.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(stage.sockets[fd].shut_down);
}

TEST(HttpSide, AClientThatSendsPartOfAHeadBehindAnAwaitedAnswerIsRefusedInTime) {
  ShardStage stage;
  const int fd = stage.connect();
  stage.send(fd, post("/later", "") + "GET /now");
  stage.run_for(seconds(20));
  stage.api.deferred.at(0)(FakeApi::text("first"));
  stage.settle();
  EXPECT_EQ(bodies_of(stage.take_received(fd)), (std::vector<std::string>{"first"}));
  stage.run_for(seconds(61));
  EXPECT_EQ(stage.take_received(fd).substr(9, 3), "408");
}

// Regression: 504 was answered for an event that was delivered later, since the bus had more time.
TEST(HttpSide, AnAnswerMayTakeAsLongAsTheBusMay) {
  ShardStage stage("[bus]\noperation_timeout = \"40s\"\n" + std::string(kOrion));
  const int fd = stage.connect();
  stage.send(fd, post("/later", ""));
  stage.run_for(seconds(64));
  EXPECT_EQ(stage.take_received(fd), "");
  stage.api.deferred.at(0)(FakeApi::text("published"));
  stage.settle();
  EXPECT_EQ(bodies_of(stage.take_received(fd)), (std::vector<std::string>{"published"}));
  stage.send(fd, post("/later", ""));
  stage.run_for(seconds(66));
  EXPECT_EQ(stage.take_received(fd).substr(9, 3), "504");
}

// Regression: the answer was not sent yet when the client's half-close was read.
TEST(HttpSide, AClientThatShutsItsSideStillGetsItsAnswers) {
  ShardStage stage;
  const int fd = stage.connect();
  stage.sockets[fd].ended = true;
  stage.send(fd, post("/echo", "half") + post("/echo", "closed"));
  EXPECT_EQ(bodies_of(stage.take_received(fd)), (std::vector<std::string>{"half", "closed"}));
  EXPECT_TRUE(stage.was_closed(fd));
  const int late = stage.connect();
  stage.sockets[late].ended = true;
  stage.send(late, post("/later", ""));
  stage.api.deferred.at(0)(FakeApi::text("late"));
  stage.settle();
  EXPECT_EQ(bodies_of(stage.take_received(late)), (std::vector<std::string>{"late"}));
  EXPECT_TRUE(stage.was_closed(late));
  stage.expect_nothing_left();
}

TEST(HttpSide, AClientThatNeverReadsItsAnswersIsReset) {
  ShardStage stage;
  const int fd = stage.connect();
  stage.sockets[fd].capacity = 100;
  std::string all;
  for (int i = 0; i < 1500; ++i) all += post("/echo", std::string(64, 'a'));
  stage.send(fd, all);
  stage.run_for(seconds(31));
  EXPECT_TRUE(stage.was_reset(fd));
  stage.expect_nothing_left();
}

TEST(HttpSide, AnUpgradeBehindAnswersThatFillTheOutboxIsDroppedAndCountedOnce) {
  ShardStage stage("server.outbox_bytes_max = 4096\n" + std::string(kOrion));
  const std::string one = post("/echo", std::string(64, 'a'));
  const Answer answer = stage.ask(one);
  const std::size_t fit = 4096 / (answer.head.size() + answer.body.size());
  const int fd = stage.connect();
  stage.sockets[fd].capacity = 0;
  for (std::size_t i = 0; i < fit; ++i) stage.send(fd, one);
  ASSERT_TRUE(stage.sockets[fd].is_open());
  stage.send(fd, orion_upgrade());
  EXPECT_TRUE(stage.was_reset(fd));
  EXPECT_EQ(stage.closes(CloseReason::slow_consumer), 1U);
  stage.end(stage.last_fd);
  stage.expect_nothing_left();
}

TEST(HttpSide, RequestsAndAnUpgradeMayShareAConnection) {
  ShardStage stage;
  const int fd = stage.connect();
  stage.send(fd, post("/echo", "first") + orion_upgrade() + client_frame(websocket::Opcode::ping, "p"));
  const std::string received = stage.take_received(fd);
  const std::size_t second = received.find("HTTP/1.1 101");
  ASSERT_NE(second, std::string::npos);
  EXPECT_EQ(frames_of(split_answer(received.substr(second)).body), (std::vector<std::string>{"pong p"}));
  stage.reset(fd);
  stage.expect_nothing_left();
}

// Regression: no answer had a Date, which an origin server with a clock must send (RFC 9110 section 6.6.1).
TEST(HttpSide, EveryFinalResponseHasADate) {
  ShardStage stage;
  const std::string date = "\r\nDate: ";
  EXPECT_NE(stage.ask(get("/now", "Host: x\r\n")).head.find(date), std::string::npos);
  EXPECT_NE(stage.ask(get("/nowhere", "Host: x\r\n")).head.find(date), std::string::npos);
  EXPECT_NE(stage.ask("\x16").head.find(date), std::string::npos);
  EXPECT_NE(stage.ask(get("/ws", "Host: x\r\n")).head.find(date), std::string::npos);
  EXPECT_EQ(stage.ask(orion_upgrade()).head.find(date), std::string::npos);
}

// Regression: "GET http://host/path" was refused; a server must accept it (RFC 9112 section 3.2.2).
TEST(HttpSide, AnAbsoluteTargetIsServedLikeItsPath) {
  ShardStage stage;
  EXPECT_EQ(stage.ask(get("http://x/now", "Host: x\r\n")).head.substr(9, 3), "200");
  EXPECT_EQ(stage.ask(get("HTTP://x:8000/now?a=b", "Host: other\r\n")).head.substr(9, 3), "200");
  EXPECT_EQ(stage.ask(upgrade_of("ws://x/ws?token=" + token_with("{}"))).head.substr(9, 3), "101");
}

// Regression: "/%68ealth" was served as "/health", so it passed a proxy that blocks "/health".
TEST(HttpSide, APathOfAnEndpointHasOneSpelling) {
  ShardStage stage;
  const std::string token = "?token=" + token_with("{}");
  for (const char* path : {"/%77s", "/w%73", "/%77%73", "//ws", "/ws/"}) {
    EXPECT_EQ(stage.ask(upgrade_of(path + token)).head.substr(9, 3), "404") << path;
  }
}

// Regression: a broken escape in another parameter made a valid token be refused.
TEST(HttpSide, ABrokenEscapeInAnotherParameterDoesNotAffectTheToken) {
  ShardStage stage;
  const std::string token = token_with("{}");
  EXPECT_EQ(stage.ask(upgrade_of("/ws?token=" + token + "&utm=100%")).head.substr(9, 3), "101");
  EXPECT_EQ(stage.ask(upgrade_of("/ws?%zz=1&token=" + token)).head.substr(9, 3), "101");
  EXPECT_EQ(stage.ask(upgrade_of("/ws?token=" + token + "%")).head.substr(9, 3), "401");
  EXPECT_EQ(stage.ask(upgrade_of("/ws?token=" + token + "&token=%")).head.substr(9, 3), "401");
}

}  // namespace
}  // namespace carillon::gateway::testing
