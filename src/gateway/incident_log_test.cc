// Log lines about refused and closed clients: without secrets, and sampled by reason.
#include "client/incident_log.h"

#include <gtest/gtest.h>

#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

constexpr std::string_view kOwnSources = R"(
[[endpoint]]
profile = "orion"
origins = ["https://app.example"]
limits.connections = 1
auth.sources = ["query:ticket", "header:X-Ticket"]
)";

// Regression: with auth.sources = ["query:jwt"] the token was logged in the line of a 404, 403, 426 and 503.
TEST(IncidentLog, AConfiguredParameterIsRedactedOnEveryPathAndInEveryRefusal) {
  ShardStage stage(kOwnSources);
  const std::string token = token_with(R"({"sub":"alice"})");
  const std::string secret = token.substr(token.rfind('.') + 1);
  const std::string origin = "Origin: https://app.example\r\n";
  const auto ask = [&](std::string_view target, const std::string& headers) {
    return stage.ask(get(target, headers)).head.substr(9, 3);
  };
  const std::string upgrade = std::string(kUpgradeHeaders) + origin;
  const std::string query = "?ticket=" + token;
  EXPECT_EQ(ask("/nowhere" + query, "Host: x\r\n"), "404");
  EXPECT_EQ(ask("/ws/" + query, "Host: x\r\n"), "404");
  EXPECT_EQ(ask("http://x/nowhere" + query, "Host: x\r\n"), "404");
  EXPECT_EQ(ask("/ws" + query, std::string(kUpgradeHeaders) + "Origin: https://evil.example\r\n"), "403");
  EXPECT_EQ(ask("/ws" + query + "x", upgrade), "401");
  EXPECT_EQ(ask("/ws" + query + query, upgrade), "401");
  EXPECT_EQ(ask("/ws" + query + "&ticket=" + token, upgrade), "401");
  EXPECT_EQ(ask("/ws" + query, "Host: x\r\n" + origin), "426");
  EXPECT_EQ(ask("/ws" + query, upgrade), "101");
  EXPECT_EQ(ask("/ws" + query, upgrade), "503");
  EXPECT_EQ(stage.ask("POST /ws" + query + " HTTP/1.1\r\nHost: x\r\n\r\n").head.substr(9, 3), "405");
  EXPECT_EQ(ask("/nowhere" + query, "Host: x\r\nX-Ticket: " + token + "\r\n"), "404");
  EXPECT_GE(stage.log.lines.size(), 10U);
  for (const std::string& line : stage.log.lines) EXPECT_EQ(line.find(secret), std::string::npos) << line;
}

TEST(IncidentLog, RefusalsAreSampledByReasonWithTheNumberSuppressed) {
  ShardStage stage;
  for (int i = 0; i < 100; ++i) stage.ask(get("/nowhere", "Host: x\r\n"));
  EXPECT_EQ(stage.log.records.size(), 10U);
  stage.ask(get("/ws", "Host: x\r\n"));
  ASSERT_EQ(stage.log.records.size(), 11U) << "a flood of 404 hides no 401";
  EXPECT_EQ(stage.log.records.back().fields.at("reason"), "token_missing");
  EXPECT_EQ(stage.log.records.back().fields.at("suppressed"), "0");
  stage.run_for(seconds(1));
  stage.ask(get("/nowhere", "Host: x\r\n"));
  EXPECT_EQ(stage.log.records.back().fields.at("suppressed"), "90");
  EXPECT_EQ(stage.shard->counters().lines_suppressed.get(), 90U);
}

// Regression: refusals of the HTTP API, such as a 401 of the publish API, were not logged.
TEST(IncidentLog, ARefusalOfTheApiIsLoggedWithoutItsQuery) {
  ShardStage stage;
  stage.api.refuse_with = http::RefusalNote{"key", "wrong API key"};
  EXPECT_EQ(stage.ask("GET /now?key=SECRET HTTP/1.1\r\nHost: x\r\n\r\n").head.substr(9, 3), "200");
  ASSERT_EQ(stage.log.records.size(), 1U);
  EXPECT_EQ(stage.log.records[0].message, "request refused");
  EXPECT_EQ(stage.log.records[0].fields.at("reason"), "key");
  EXPECT_EQ(stage.log.records[0].fields.at("target"), "/now");
  EXPECT_EQ(stage.log.records[0].fields.at("address"), "192.0.2.1");
  EXPECT_EQ(stage.log.records[0].fields.at("detail"), "wrong API key");
}

// Regression: a client that was closed for not reading was counted but not logged.
TEST(IncidentLog, ASlowConsumerThatIsClosedIsLogged) {
  ShardStage stage;
  const int fd = stage.open_orion();
  stage.sockets[fd].capacity = 0;
  stage.publish("orion.a", "1");
  stage.run_for(seconds(60));
  ASSERT_EQ(stage.closes(CloseReason::slow_consumer), 1U);
  ASSERT_EQ(stage.log.records.size(), 1U);
  EXPECT_EQ(stage.log.records[0].message, "connection closed");
  EXPECT_EQ(stage.log.records[0].fields.at("reason"), "slow_consumer");
  EXPECT_EQ(stage.log.records[0].fields.at("endpoint"), "orion");
  EXPECT_FALSE(stage.log.records[0].fields.at("connectionId").empty());
}

TEST(IncidentLog, AClientThatClosesByItselfIsNotLogged) {
  ShardStage stage;
  stage.reset(stage.open_orion());
  const int fd = stage.open_orion();
  stage.send(fd, client_close(1000));
  stage.end(fd);
  EXPECT_TRUE(stage.log.records.empty());
}

// A profile that has its own line for a close gets only that line.
TEST(IncidentLog, AnEndpointsOwnLineReplacesTheCommonOne) {
  ShardStage stage("[[endpoint]]\nprofile = \"fluxora\"\n");
  const int fd = stage.open(upgrade_of("/ws/streams"));
  stage.log.records.clear();
  stage.send(fd, client_frame(websocket::Opcode::text, std::string(4097, 'a')));
  for (const auto& record : stage.log.records) EXPECT_NE(record.message, "connection closed");
}

TEST(IncidentLog, AStarInASubscriptionIsLiteralAndLoggedAtDebug) {
  ShardStage stage("[[endpoint]]\nprofile = \"service\"\n");
  const int fd = stage.open(upgrade_of("/api/ws?token=" + token_with("{}")));
  stage.log.records.clear();
  stage.send(fd, client_frame(websocket::Opcode::text, R"({"type":"subscribe","data":{"channel":"A"}})"));
  EXPECT_TRUE(stage.log.records.empty());
  stage.send(fd, client_frame(websocket::Opcode::text, R"({"type":"subscribe","data":{"channel":"A*"}})"));
  ASSERT_EQ(stage.log.records.size(), 1U);
  EXPECT_EQ(stage.log.records[0].level, LogLevel::debug);
  EXPECT_EQ(stage.log.records[0].fields.at("channel"), "A*");
}

}  // namespace
}  // namespace carillon::gateway::testing
