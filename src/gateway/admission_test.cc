// Limits and rates of new connections, at limit − 1, limit and limit + 1.
#include <gtest/gtest.h>

#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

using AdmissionAnswer = Admission::Answer;

constexpr MonoTime kStart{std::chrono::hours(1)};

ClientKey client_key(std::string_view address, std::string_view user = {}) {
  const auto parsed = IpAddress::parse(address);
  EXPECT_TRUE(parsed.has_value()) << address;
  return {parsed.value_or(IpAddress{}), user};
}

// The i-th address from 10.0.0.0 on.
ClientKey numbered(std::size_t i) {
  const std::uint8_t bytes[] = {10, static_cast<std::uint8_t>(i >> 16), static_cast<std::uint8_t>(i >> 8),
                                static_cast<std::uint8_t>(i)};
  return {IpAddress::v4(bytes), {}};
}

const ClientKey kA = client_key("192.0.2.1");
const ClientKey kB = client_key("192.0.2.2");

// Endpoints for Admission, without a shard.
struct Endpoints {
  explicit Endpoints(std::string_view toml)
      : settings(ShardStage::load(toml)), all(compile_endpoints(settings).endpoints) {}
  config::Settings settings;
  EndpointTable all;
};

// As a client that entered with these limits.
void leave(Admission& admission, const Endpoint& endpoint, const ClientKey& key) {
  admission.leave(endpoint, key, Admission::counted(endpoint, key));
}

TEST(Admission, LimitsTheConnectionsOfTheProcess) {
  Endpoints endpoints(kOrion);
  Admission admission(3, endpoints.all);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(admission.ask(endpoints.all[0], kA), AdmissionAnswer::admitted);
    EXPECT_EQ(admission.enter(endpoints.all[0], kA, kStart), AdmissionAnswer::admitted);
  }
  EXPECT_EQ(admission.ask(endpoints.all[0], kA), AdmissionAnswer::connections_max);
  EXPECT_EQ(admission.enter(endpoints.all[0], kA, kStart), AdmissionAnswer::connections_max);
  EXPECT_EQ(admission.connections(), 3U);
  leave(admission, endpoints.all[0], kA);
  EXPECT_EQ(admission.ask(endpoints.all[0], kA), AdmissionAnswer::admitted);
}

TEST(Admission, LimitsTheConnectionsOfEachEndpoint) {
  Endpoints endpoints(std::string(kOrion) + "limits.connections = 2\n" + std::string(kEcho));
  Admission admission(100, endpoints.all);
  EXPECT_EQ(admission.enter(endpoints.all[0], kA, kStart), AdmissionAnswer::admitted);
  EXPECT_EQ(admission.enter(endpoints.all[0], kA, kStart), AdmissionAnswer::admitted);
  EXPECT_EQ(admission.ask(endpoints.all[0], kA), AdmissionAnswer::endpoint_full);
  EXPECT_EQ(admission.enter(endpoints.all[0], kA, kStart), AdmissionAnswer::endpoint_full);
  EXPECT_EQ(admission.connections(), 2U) << "a refusal releases the place that it took";
  EXPECT_EQ(admission.enter(endpoints.all[1], kA, kStart), AdmissionAnswer::admitted);
}

TEST(Admission, TheWindowSlidesAndSetsRetryAfter) {
  Endpoints endpoints(std::string(kOrion) + "limits.accepts_per_ip = 2\n");
  const Endpoint& endpoint = endpoints.all[0];
  Admission admission(100, endpoints.all);
  EXPECT_EQ(admission.enter(endpoint, kA, kStart), AdmissionAnswer::admitted);
  EXPECT_EQ(admission.ask_rate(endpoint, kA, kStart + seconds(40)), AdmissionAnswer::admitted);
  EXPECT_EQ(admission.enter(endpoint, kA, kStart + seconds(40)), AdmissionAnswer::admitted);
  EXPECT_EQ(admission.ask_rate(endpoint, kA, kStart + seconds(50)), AdmissionAnswer::rate_exceeded);
  EXPECT_EQ(admission.ask_rate(endpoint, kB, kStart + seconds(50)), AdmissionAnswer::admitted);
  EXPECT_EQ(admission.retry_after_s(endpoint, kA, kStart + seconds(50)), 10U);
  EXPECT_EQ(admission.retry_after_s(endpoint, kA, kStart + milliseconds(59'999)), 1U);
  EXPECT_EQ(admission.ask_rate(endpoint, kA, kStart + milliseconds(59'999)), AdmissionAnswer::rate_exceeded);
  EXPECT_EQ(admission.ask_rate(endpoint, kA, kStart + seconds(60)), AdmissionAnswer::admitted);
  EXPECT_EQ(admission.enter(endpoint, kA, kStart + seconds(60)), AdmissionAnswer::admitted);
  EXPECT_EQ(admission.ask_rate(endpoint, kA, kStart + seconds(99)), AdmissionAnswer::rate_exceeded);
  EXPECT_EQ(admission.ask_rate(endpoint, kA, kStart + seconds(100)), AdmissionAnswer::admitted);
}

TEST(Admission, ConcurrentChecksDoNotExceedTheRate) {
  Endpoints endpoints(std::string(kOrion) + "limits.accepts_per_ip = 1\n");
  const Endpoint& endpoint = endpoints.all[0];
  Admission admission(100, endpoints.all);
  EXPECT_EQ(admission.ask_rate(endpoint, kA, kStart), AdmissionAnswer::admitted);
  EXPECT_EQ(admission.ask_rate(endpoint, kA, kStart), AdmissionAnswer::admitted);
  EXPECT_EQ(admission.enter(endpoint, kA, kStart), AdmissionAnswer::admitted);
  EXPECT_EQ(admission.enter(endpoint, kA, kStart), AdmissionAnswer::rate_exceeded);
  EXPECT_EQ(admission.connections(), 1U);
}

TEST(Admission, ManyAddressesNeitherDisableTheLimitNorForgetOpenConnections) {
  Endpoints endpoints(std::string(kOrion) + "limits.accepts_per_ip = 1\n");
  const Endpoint& endpoint = endpoints.all[0];
  Admission admission(1'000'000, endpoints.all);
  for (std::size_t i = 0; i < 2 * AcceptWindows::kAddressesMax; ++i) {  // asking alone takes no room
    ASSERT_EQ(admission.ask_rate(endpoint, numbered(i + 1'000'000), kStart), AdmissionAnswer::admitted);
  }
  for (std::size_t i = 0; i < AcceptWindows::kAddressesMax; ++i) {
    ASSERT_EQ(admission.enter(endpoint, numbered(i), kStart), AdmissionAnswer::admitted);
  }
  EXPECT_EQ(admission.ask_rate(endpoint, kA, kStart), AdmissionAnswer::rate_exceeded);
  EXPECT_EQ(admission.enter(endpoint, kA, kStart), AdmissionAnswer::rate_exceeded);
  EXPECT_EQ(admission.ask_rate(endpoint, numbered(0), kStart + seconds(59)), AdmissionAnswer::rate_exceeded);
  EXPECT_EQ(admission.ask_rate(endpoint, kA, kStart + seconds(61)), AdmissionAnswer::admitted);
  EXPECT_EQ(admission.enter(endpoint, kA, kStart + seconds(61)), AdmissionAnswer::admitted);
  EXPECT_EQ(admission.table_full_refusals(), 2U);
}

TEST(Admission, OnlyA101CountsAgainstTheRate) {
  ShardStage stage(std::string(kOrion) + "limits.accepts_per_ip = 2\n");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(stage.ask(upgrade_of("/ws?token=bad")).head.substr(9, 3), "401");
  }
  stage.open_orion();
  stage.open_orion();
  const auto refused = stage.ask(orion_upgrade());
  EXPECT_EQ(refused.head.substr(9, 3), "429");
  EXPECT_NE(refused.head.find("\r\nRetry-After: 60\r\n"), std::string::npos) << refused.head;
  stage.open_orion("192.0.2.2");
  stage.run_for(seconds(30));
  EXPECT_NE(stage.ask(orion_upgrade()).head.find("\r\nRetry-After: 30\r\n"), std::string::npos);
  stage.run_for(seconds(30));
  stage.open_orion();
  EXPECT_EQ(stage.refusals(RefusalReason::accept_rate), 2U);
}

constexpr std::string_view kTwentyFiveAMinute =
    "limits.accepts_per_ip = 25\nlimits.failed_auth_weight = 10\n";

TEST(Admission, ARefusedTokenCountsTenfoldAgainstItsAddress) {
  ShardStage stage(std::string(kOrion) + std::string(kTwentyFiveAMinute));
  const auto status = [&](const std::string& request, const std::string& address = "192.0.2.1") {
    return stage.ask(request, address).head.substr(9, 3);
  };
  EXPECT_EQ(status(upgrade_of("/ws?token=bad")), "401");
  EXPECT_EQ(status(upgrade_of("/ws?token=" + token_with(R"({"exp":1700000000000})"))), "401");
  for (int i = 0; i < 30; ++i) EXPECT_EQ(status(upgrade_of("/ws")), "401") << "no token: nothing was checked";
  for (int i = 0; i < 5; ++i) stage.open_orion();
  EXPECT_EQ(status(orion_upgrade()), "429");
  EXPECT_EQ(status(upgrade_of("/ws?token=bad")), "429") << "and its token is not checked any more";
  EXPECT_EQ(status(orion_upgrade(), "192.0.2.2"), "101") << "another address";
  stage.run_for(seconds(60));
  stage.open_orion();
  EXPECT_EQ(stage.refusals(RefusalReason::accept_rate), 2U);
}

TEST(Admission, ARefusedTokenDoesNotCountWhereTheLimitOfAnAddressIsOff) {
  ShardStage stage(std::string(kOrion) + "limits.failed_auth_weight = 10\n");
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(stage.ask(upgrade_of("/ws?token=bad")).head.substr(9, 3), "401");
  }
  stage.open_orion();
}

TEST(Admission, OffMeansOff) {
  ShardStage stage;
  for (int i = 0; i < 500; ++i) stage.open_orion();
  EXPECT_EQ(stage.open_connections(), 500U);
}

TEST(Admission, APlaceIsFreeAgainOnceItsClientHasLeft) {
  ShardStage stage("server.connections_max = 2\n" + std::string(kOrion));
  const int first = stage.open_orion();
  stage.open_orion();
  EXPECT_EQ(stage.ask(orion_upgrade()).head.substr(9, 3), "503");
  EXPECT_EQ(stage.refusals(RefusalReason::connections_max), 1U);
  stage.reset(first);
  stage.open_orion();
}

}  // namespace
}  // namespace carillon::gateway::testing
