// The broker's address leads elsewhere, or its server becomes a replica, while the connections stay open:
// against real redis-servers behind a relay that stands for a virtual address.
#include <gtest/gtest.h>

#include "bus/testing/bus_stage.h"
#include "bus/testing/tcp_server.h"

namespace carillon::bus {
namespace {

using testing::in_time;
using testing::RedisServer;
using testing::run_long_tests;
using testing::TcpServer;
using testing::url_of;
using FailoverStage = testing::BusStage;

BusOptions checked(std::uint16_t port) {
  auto options = FailoverStage::quick(url_of(port));
  options.role = BrokerRole::master;
  options.address_check_interval = run_long_tests() ? milliseconds(5000) : milliseconds(300);
  return options;
}

TEST(RedisFailoverTest, AFailoverBehindAVirtualAddressIsDetectedAndTheGapIsReported) {
  RedisServer old_master;
  RedisServer new_master;
  TcpServer address = TcpServer::proxy_to(old_master.port());
  FailoverStage f(checked(address.port()));
  ASSERT_TRUE(f.start()) << f.bus->status().detail;
  ASSERT_TRUE(f.until([&] { return f.bus->counters().address_checks.load() >= 2; }, seconds(20)));
  EXPECT_EQ(f.bus->counters().failovers_to_other.load(), 0U);
  address.retarget(new_master.port());  // the connections to the old one stay open
  const auto switched = mono_now();
  ASSERT_TRUE(f.until([&] { return f.is_down(); }, seconds(20)));
  EXPECT_NE(f.bus->status().detail.find("another server"), std::string::npos) << f.bus->status().detail;
  ASSERT_TRUE(f.until([&] { return f.is_up(); }));
  EXPECT_TRUE(in_time("reconnected", switched, seconds(15)));
  EXPECT_TRUE(f.receives(new_master, "orion.a", "from the new one"));
  EXPECT_EQ(f.sink.gaps, 1);
  EXPECT_EQ(f.bus->counters().failovers_to_other.load(), 1U);
}

TEST(RedisFailoverTest, ADemotedMasterAcknowledgesNothingAndIsLeft) {
  RedisServer old_master;
  RedisServer new_master;
  TcpServer address = TcpServer::proxy_to(old_master.port());
  FailoverStage f(checked(address.port()));
  ASSERT_TRUE(f.start()) << f.bus->status().detail;
  f.bus->publish("orion.a", "1", f.tally.done());
  ASSERT_TRUE(f.until([&] { return f.tally.accepted == 1; }));
  ASSERT_EQ(old_master.command({"REPLICAOF", "127.0.0.1", std::to_string(new_master.port())}), "OK");
  f.bus->publish("orion.a", "2", f.tally.done());
  ASSERT_TRUE(f.until([&] { return f.tally.all() == 2; }));
  EXPECT_EQ(f.tally.unavailable, 1) << "found by the publish itself";
  ASSERT_TRUE(f.until([&] { return f.is_down(); }, seconds(20)));
  EXPECT_NE(f.bus->status().detail.find("a replica of 127.0.0.1"), std::string::npos);
  address.retarget(new_master.port());
  ASSERT_TRUE(f.until([&] { return f.is_up(); }, seconds(20))) << f.bus->status().detail;
  EXPECT_TRUE(f.receives(new_master, "orion.a", "from the new one"));
  EXPECT_GE(f.sink.gaps, 1);
}

TEST(RedisFailoverTest, AReplicaIsDownUnlessAnyRoleWillDo) {
  RedisServer master;
  RedisServer replica({"--replicaof", "127.0.0.1", std::to_string(master.port())});
  FailoverStage wants_master(checked(replica.port()));
  wants_master.bus->start();
  ASSERT_TRUE(wants_master.until([&] { return wants_master.is_down(); }));
  EXPECT_NE(wants_master.bus->status().detail.find("bus.role"), std::string::npos);
  auto options = checked(replica.port());
  options.role = BrokerRole::any;
  FailoverStage any(std::move(options));
  ASSERT_TRUE(any.start()) << any.bus->status().detail;
  ASSERT_TRUE(any.until([&] { return any.bus->counters().address_checks.load() >= 1; }, seconds(20)));
  EXPECT_TRUE(any.is_up());
}

TEST(RedisFailoverTest, WhereInfoIsForbiddenItWorksAndLogsWhatIsMissingOnce) {
  RedisServer server;
  ASSERT_EQ(server.command({"ACL", "SETUSER", "ear", "on", ">p", "&*", "+@all", "-info"}), "OK");
  auto options = checked(server.port());
  options.url = url_of(server.port(), "ear:p@");
  FailoverStage f(std::move(options));
  ASSERT_TRUE(f.start()) << f.bus->status().detail;
  f.bus->publish("orion.a", "1", f.tally.done());
  ASSERT_TRUE(f.until([&] { return f.tally.accepted == 1; }));
  EXPECT_EQ(f.log.count("ACL SETUSER <user> +info"), 1U);
}

}  // namespace
}  // namespace carillon::bus
