// server.accepts_rate: upgrades per second of the process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <charconv>
#include <map>

#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

using ::testing::HasSubstr;

const std::string kThreeASecond = "server.accepts_rate = 3\n" + std::string(kOrion);

std::string status_of(const Answer& answer) { return answer.head.substr(9, 3); }

int retry_after(const Answer& answer) {
  constexpr std::string_view kName = "\r\nRetry-After: ";
  const auto at = answer.head.find(kName);
  if (at == std::string::npos) return -1;
  int value = -1;
  std::from_chars(answer.head.data() + at + kName.size(), answer.head.data() + answer.head.size(), value);
  return value;
}

TEST(ProcessAcceptRate, UpgradesOverItAreAnswered503WithRetryAfter) {
  ShardStage stage(kThreeASecond);
  for (int i = 0; i < 3; ++i) stage.open_orion("192.0.2." + std::to_string(i));
  const Answer refused = stage.ask(orion_upgrade(), "192.0.2.9");
  EXPECT_EQ(status_of(refused), "503");
  EXPECT_EQ(refused.body, R"({"message":"too many new connections"})");
  EXPECT_THAT(refused.head, HasSubstr("\r\nContent-Type: application/json\r\n"));
  EXPECT_GE(retry_after(refused), 1);
  EXPECT_TRUE(stage.sockets[stage.last_fd].shut_down) << "closed cleanly";
  EXPECT_EQ(stage.refusals(RefusalReason::process_accept_rate), 1U);
  EXPECT_EQ(stage.all_refusals(), 1U);
  EXPECT_THAT(stage.log.lines.back(), HasSubstr("reason=process_accept_rate"));
  EXPECT_EQ(stage.open_connections(), 3U) << "no client is closed for it";
}

TEST(ProcessAcceptRate, OneMoreIsAdmittedEachTimeThatItsPartOfASecondHasPassed) {
  ShardStage stage(kThreeASecond);
  for (int i = 0; i < 3; ++i) stage.open_orion();
  stage.run_for(milliseconds(333));
  EXPECT_EQ(status_of(stage.ask(orion_upgrade())), "503");
  stage.run_for(milliseconds(1));
  stage.open_orion();
  EXPECT_EQ(status_of(stage.ask(orion_upgrade())), "503");
}

TEST(ProcessAcceptRate, ARefusedTokenCountsAndTheTokenOfARefusedUpgradeIsNotChecked) {
  ShardStage stage(kThreeASecond);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(status_of(stage.ask(upgrade_of("/ws?token=bad"))), "401");
  EXPECT_EQ(status_of(stage.ask(upgrade_of("/ws?token=bad"))), "503");
  EXPECT_EQ(stage.refusals(RefusalReason::token_invalid), 3U);
}

TEST(ProcessAcceptRate, OtherRequestsAreNotLimited) {
  ShardStage stage("server.accepts_rate = 1\n" + std::string(kOrion));
  stage.open_orion();
  EXPECT_EQ(status_of(stage.ask(orion_upgrade())), "503");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(status_of(stage.ask(get("/now", "Host: x\r\n"))), "200");
  EXPECT_EQ(stage.refusals(RefusalReason::process_accept_rate), 1U);
}

TEST(ProcessAcceptRate, HoldsForAllShardsAndEndpointsTogether) {
  const std::string toml = kThreeASecond + std::string(kEcho);
  ShardStage first(toml);
  ShardStage second(toml, Shard::Place::elsewhere, &first);
  first.open_orion();
  second.open_orion();
  second.open(upgrade_of("/echo"));
  EXPECT_EQ(status_of(first.ask(orion_upgrade())), "503");
  EXPECT_EQ(status_of(second.ask(upgrade_of("/echo"))), "503");
}

TEST(ProcessAcceptRate, AnAddressOverItsOwnLimitTakesNothingFromTheOthers) {
  ShardStage stage(kThreeASecond + "limits.accepts_per_ip = 1\n");
  stage.open_orion("192.0.2.1");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(status_of(stage.ask(orion_upgrade(), "192.0.2.1")), "429");
  stage.open_orion("192.0.2.2");
  stage.open_orion("192.0.2.3");
}

TEST(ProcessAcceptRate, ClientsRefusedTogetherAreToldToReturnAtDifferentTimes) {
  ShardStage stage("server.accepts_rate = 10\n" + std::string(kOrion));
  for (int i = 0; i < 10; ++i) stage.open_orion();
  std::map<int, int> by_second;
  for (int i = 0; i < 100; ++i) ++by_second[retry_after(stage.ask(orion_upgrade()))];
  EXPECT_GE(by_second.size(), 8U);
  for (const auto& [second, count] : by_second) EXPECT_LE(count, 15) << second;
}

}  // namespace
}  // namespace carillon::gateway::testing
