// Limits per address and per user: each limit at limit − 1, limit and limit + 1, across shards, and the place
// that is released after every kind of close.
#include <gtest/gtest.h>

#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

const std::string kPerIp2 = std::string(kOrion) + "limits.connections_per_ip = 2\n";
const std::string kPerUser2 = std::string(kOrion) + "limits.connections_per_user = 2\n";

std::string upgrade_by(std::string_view user) {
  return upgrade_of("/ws?token=" + token_with("{\"sub\":\"" + std::string(user) + "\"}"));
}
std::string status_of(const Answer& answer) { return answer.head.substr(9, 3); }

TEST(ConnectionsPerIp, AreRefusedWith503BeyondTheLimit) {
  ShardStage stage(kPerIp2);
  stage.open_orion();
  stage.open_orion();
  const Answer refused = stage.ask(orion_upgrade());
  EXPECT_EQ(status_of(refused), "503");
  EXPECT_EQ(refused.body, R"({"message":"too many connections from this address"})");
  EXPECT_EQ(stage.refusals(RefusalReason::address_full), 1U);
  EXPECT_EQ(stage.all_refusals(), 1U);
  stage.open_orion("192.0.2.2");
  EXPECT_EQ(stage.admission.connections(), 3U);
}

TEST(ConnectionsPerIp, Ipv6CountsByIts64) {
  ShardStage stage(kPerIp2);
  stage.open_orion("2001:db8:0:1::1");
  stage.open_orion("2001:db8:0:1:ffff::2");
  EXPECT_EQ(status_of(stage.ask(orion_upgrade(), "2001:db8:0:1::3")), "503");
  stage.open_orion("2001:db8:0:2::1");
  stage.open_orion("::ffff:192.0.2.9");
  stage.open_orion("192.0.2.9");
  EXPECT_EQ(status_of(stage.ask(orion_upgrade(), "::ffff:192.0.2.9")), "503");
}

TEST(AcceptsPerIp, Ipv6CountsByIts64) {
  ShardStage stage(std::string(kOrion) + "limits.accepts_per_ip = 2\n");
  stage.open_orion("2001:db8:0:1::1");
  stage.open_orion("2001:db8:0:1::2");
  EXPECT_EQ(status_of(stage.ask(orion_upgrade(), "2001:db8:0:1:8000::")), "429");
  stage.open_orion("2001:db8:0:2::1");
}

TEST(ConnectionsPerIp, AreCheckedBeforeTheAcceptRate) {
  ShardStage stage(std::string(kOrion) + "limits.connections_per_ip = 1\nlimits.accepts_per_ip = 1\n");
  const int fd = stage.open_orion();
  EXPECT_EQ(status_of(stage.ask(orion_upgrade())), "503");
  stage.reset(fd);
  EXPECT_EQ(status_of(stage.ask(orion_upgrade())), "429");
}

TEST(ConnectionsPerIp, AreCountedAcrossShards) {
  ShardStage first(kPerIp2);
  ShardStage second(kPerIp2, Shard::Place::elsewhere, &first);
  const int fd = first.open_orion();
  second.open_orion();
  EXPECT_EQ(status_of(first.ask(orion_upgrade())), "503");
  EXPECT_EQ(status_of(second.ask(orion_upgrade())), "503");
  first.reset(fd);
  second.open_orion();
  EXPECT_EQ(status_of(first.ask(orion_upgrade())), "503");
}

TEST(ConnectionsPerIp, EveryKindOfCloseReleasesThePlaceOnce) {
  ShardStage stage(kPerIp2 +
                   "limits.connections_per_user = 2\nkeepalive.ping = \"1s\"\nkeepalive.timeout = \"2s\"\n");
  const auto expect_two_places = [&] {
    const int a = stage.open_orion();
    const int b = stage.open_orion();
    EXPECT_EQ(status_of(stage.ask(orion_upgrade())), "503");
    return std::pair(a, b);
  };
  auto [a, b] = expect_two_places();
  stage.reset(a);
  stage.end(b);
  std::tie(a, b) = expect_two_places();
  stage.send(a, client_close(1000));
  stage.end(a);
  stage.send(b, "\xff\xff");  // no frame
  stage.end(b);
  std::tie(a, b) = expect_two_places();
  stage.run_for(seconds(20));  // silent: dropped
  std::tie(a, b) = expect_two_places();
  stage.reset(a);
  stage.reset(b);
  stage.run_for(seconds(20));
  EXPECT_EQ(stage.all_closes(), 8U);
  stage.expect_nothing_left();
}

TEST(ConnectionsPerIp, AreCountedPerEndpoint) {
  ShardStage stage(kPerIp2 + std::string(kEcho) + "limits.connections_per_ip = 1\n");
  stage.open_orion();
  stage.open_orion();
  stage.open(upgrade_of("/echo"));
  EXPECT_EQ(status_of(stage.ask(upgrade_of("/echo"))), "503");
  EXPECT_EQ(stage.admission.inside().addresses, 2U);
}

TEST(ConnectionsPerUser, AreRefusedWith429RightAfterTheTokenCheck) {
  ShardStage stage(kPerUser2);
  stage.open(upgrade_by("alice"));
  stage.open(upgrade_by("alice"), "192.0.2.2");
  const Answer refused = stage.ask(upgrade_by("alice"), "192.0.2.3");
  EXPECT_EQ(status_of(refused), "429");
  EXPECT_NE(refused.head.find("\r\nRetry-After: 5\r\n"), std::string::npos) << refused.head;
  EXPECT_EQ(refused.body, R"({"message":"too many connections of this user"})");
  EXPECT_EQ(stage.refusals(RefusalReason::user_full), 1U);
  EXPECT_EQ(stage.all_refusals(), 1U);
  stage.open(upgrade_by("bob"));
  EXPECT_EQ(status_of(stage.ask(upgrade_of("/ws?token=bad"))), "401") << "before the user's cap";
  const std::string target = "/ws?token=" + token_with(R"({"sub":"alice"})");
  EXPECT_EQ(status_of(stage.ask(get(target, "Host: x\r\n"))), "429") << "before the upgrade headers";
}

TEST(ConnectionsPerUser, ATokenWithoutSubjectIsNotCounted) {
  ShardStage stage(kPerUser2);
  for (int i = 0; i < 5; ++i) stage.open(upgrade_of("/ws?token=" + token_with("{}")));
  EXPECT_EQ(stage.open_connections(), 5U);
  EXPECT_EQ(stage.admission.inside().users, 0U);
}

TEST(ConnectionsPerUser, AreCountedAcrossShardsAndReleased) {
  ShardStage first(kPerUser2);
  ShardStage second(kPerUser2, Shard::Place::elsewhere, &first);
  first.open(upgrade_by("alice"));
  const int fd = second.open(upgrade_by("alice"));
  EXPECT_EQ(status_of(first.ask(upgrade_by("alice"))), "429");
  EXPECT_EQ(status_of(second.ask(upgrade_by("alice"))), "429");
  second.send(fd, client_close(1000));
  first.open(upgrade_by("alice"));
  EXPECT_EQ(status_of(second.ask(upgrade_by("alice"))), "429");
}

TEST(Admission, ConcurrentChecksDoNotExceedTheLimit) {
  ShardStage stage(std::string(kOrion) + "limits.connections_per_ip = 1\n" + std::string(kEcho) +
                   "limits.connections_per_user = 1\n");
  Admission& admission = stage.admission;
  const ClientKey client_key{*IpAddress::parse("192.0.2.1"), "alice"};
  const MonoTime now = stage.loop.now();
  for (int shard = 0; shard < 2; ++shard) {
    EXPECT_EQ(admission.ask(stage.endpoints[0], client_key), Admission::Answer::admitted);
    EXPECT_EQ(admission.ask_user(stage.endpoints[1], client_key), Admission::Answer::admitted);
  }
  EXPECT_EQ(admission.enter(stage.endpoints[0], client_key, now), Admission::Answer::admitted);
  EXPECT_EQ(admission.enter(stage.endpoints[0], client_key, now), Admission::Answer::address_full);
  EXPECT_EQ(admission.enter(stage.endpoints[1], client_key, now), Admission::Answer::admitted);
  EXPECT_EQ(admission.enter(stage.endpoints[1], client_key, now), Admission::Answer::user_full);
  EXPECT_EQ(admission.connections(), 2U) << "a refusal gives back what it took";
  admission.leave(stage.endpoints[0], client_key, Admission::counted(stage.endpoints[0], client_key));
  admission.leave(stage.endpoints[1], client_key, Admission::counted(stage.endpoints[1], client_key));
  EXPECT_EQ(admission.connections() + admission.inside().addresses + admission.inside().users, 0U);
}

}  // namespace
}  // namespace carillon::gateway::testing
