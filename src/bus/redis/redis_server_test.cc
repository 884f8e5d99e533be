// The Redis bus against real redis-servers on loopback, and against brokers that misbehave.
#include "bus/redis/testing/redis_server.h"

#include <gtest/gtest.h>

#include <fstream>

#include "bus/testing/bus_stage.h"
#include "bus/testing/tcp_server.h"

namespace carillon::bus {
namespace {

using testing::in_time;
using testing::RedisServer;
using testing::run_long_tests;
using testing::TcpServer;
using testing::url_of;
using ServerStage = testing::BusStage;

TEST(RedisServerTest, APublishedEventIsReceivedOnceWhateverThePatterns) {
  RedisServer server;
  ServerStage f(url_of(server.port()));
  ASSERT_TRUE(f.start()) << f.bus->status().detail;
  const std::string binary("\0\r\n*1\r\n\xff", 8);
  server.publish("orion.a", "both patterns match");
  server.publish("orionx", "no");
  server.publish("plain", binary);
  server.publish("orion.b", std::string(1024 * 1024, 'x'));
  server.publish("orion.b", std::string(1024 * 1024 + 1, 'x'));
  ASSERT_TRUE(f.receives(server, "orion.b", "last"));
  EXPECT_EQ(f.sink.events, 4);
  EXPECT_TRUE(f.sink.saw("plain=" + binary));
  EXPECT_TRUE(f.sink.saw("orion.a=both patterns match"));
  EXPECT_EQ(f.bus->counters().oversize_dropped.load(), 1U);
  EXPECT_EQ(f.sink.gaps, 0);
}

TEST(RedisServerTest, OurOwnPublishesComeBackInOrderAndAreAcknowledged) {
  RedisServer server;
  ServerStage f(url_of(server.port()));
  ASSERT_TRUE(f.start());
  for (int i = 0; i < 5000; ++i) f.bus->publish("orion.n", std::to_string(i), f.tally.done());
  ASSERT_TRUE(f.until([&] { return f.tally.accepted == 5000 && f.sink.events == 5000; }));
  int next = 0;
  for (const auto& line : f.sink.lines) {
    if (!line.starts_with("orion.n=")) continue;
    EXPECT_EQ(line, "orion.n=" + std::to_string(next++));
  }
  EXPECT_EQ(f.bus->counters().published.load(), 5000U);
}

TEST(RedisServerTest, AfterAKillAndRestartTheBrokerIsReconnectedWithinASecondAndTheGapIsReported) {
  RedisServer server;
  ServerStage f(url_of(server.port()));
  ASSERT_TRUE(f.start());
  ASSERT_TRUE(f.receives(server, "orion.a", "before"));
  server.kill();
  ASSERT_TRUE(f.until([&] { return f.is_down(); }));
  f.bus->publish("orion.a", "while down", f.tally.done());
  const auto down_for = mono_now() + (run_long_tests() ? milliseconds(3000) : milliseconds(1200));
  f.until([&] { return mono_now() > down_for; });
  EXPECT_EQ(f.tally.unavailable, 1);
  server.start();
  const auto accepts = mono_now();
  ASSERT_TRUE(f.until([&] { return f.is_up(); }));
  EXPECT_TRUE(in_time("up again", accepts, seconds(1)));
  ASSERT_TRUE(f.receives(server, "orion.a", "after"));
  EXPECT_EQ(f.sink.gaps, 1);
  const auto gap = std::find(f.sink.lines.begin(), f.sink.lines.end(), "GAP");
  EXPECT_LT(gap, std::find(f.sink.lines.begin(), f.sink.lines.end(), "orion.a=after"));
  EXPECT_EQ(f.log.count("bus is down"), 1U);
}

TEST(RedisServerTest, EveryKillOfTheSubscriptionIsAGapNoneIsSilent) {
  RedisServer server;
  ServerStage f(url_of(server.port()));
  ASSERT_TRUE(f.start());
  const int rounds = run_long_tests() ? 60 : 5;
  for (int i = 1; i <= rounds; ++i) {
    ASSERT_TRUE(f.receives(server, "orion.a", std::to_string(i)));
    EXPECT_EQ(server.command({"CLIENT", "KILL", "TYPE", "pubsub"}), "1");
    ASSERT_TRUE(f.until([&] { return f.sink.gaps == i && f.is_up(); }));
    EXPECT_EQ(f.bus->counters().gaps.load(), static_cast<std::uint64_t>(i));
  }
  EXPECT_EQ(f.bus->counters().connects.load(), static_cast<std::uint64_t>(rounds) + 1);
}

TEST(RedisServerTest, EveryOperationOnAFrozenBrokerEndsInTimeAndTheBusRecoversWithinASecond) {
  RedisServer server;
  auto options = ServerStage::quick(url_of(server.port()));
  if (!run_long_tests()) {
    options.operation_timeout = milliseconds(400);
    options.probe_interval = milliseconds(400);
  }
  const auto timeout = options.operation_timeout;
  ServerStage f(std::move(options));
  ASSERT_TRUE(f.start());
  server.freeze();
  const auto frozen = mono_now();
  f.bus->publish("orion.a", "x", f.tally.done());
  ASSERT_TRUE(f.until([&] { return f.tally.all() == 1; }));
  EXPECT_EQ(f.tally.accepted, 0);
  EXPECT_TRUE(in_time("the publish has failed", frozen, timeout + milliseconds(300)));
  EXPECT_TRUE(f.is_down());
  const auto thaw_at = frozen + (run_long_tests() ? milliseconds(30000) : milliseconds(2000));
  f.until([&] { return mono_now() > thaw_at; }, seconds(40));
  server.thaw();
  const auto thawed = mono_now();
  ASSERT_TRUE(f.until([&] { return f.is_up(); }));
  EXPECT_TRUE(in_time("up after the thaw", thawed, seconds(1)));
  EXPECT_TRUE(f.receives(server, "orion.a", "after"));
}

TEST(RedisServerTest, ASubscriptionThatDeliversNothingIsDetectedByTheProbe) {
  RedisServer server;
  TcpServer proxy = TcpServer::proxy_to(server.port());
  auto options = ServerStage::quick(url_of(proxy.port()));
  if (!run_long_tests()) {
    options.operation_timeout = milliseconds(400);
    options.probe_interval = milliseconds(400);
  }
  ServerStage f(std::move(options));
  ASSERT_TRUE(f.start());
  proxy.mute_subscribers();
  const auto muted = mono_now();
  ASSERT_TRUE(f.until([&] { return f.is_down(); }, seconds(31)));
  EXPECT_TRUE(in_time("silence found", muted, seconds(10)));
  EXPECT_EQ(f.bus->counters().probes_missed.load(), 1U);
  EXPECT_NE(f.bus->status().detail.find("probe"), std::string::npos);
  ASSERT_TRUE(f.until([&] { return f.is_up(); }));
  EXPECT_TRUE(f.receives(server, "orion.a", "after"));
  EXPECT_EQ(f.sink.gaps, 1);
}

TEST(RedisServerTest, AWrongPasswordIsNamedNeverShownAndTriedSlowly) {
  RedisServer server({"--requirepass", "the-right-one"});
  ServerStage wrong(url_of(server.port(), ":hunter2@"));
  wrong.bus->start();
  ASSERT_TRUE(wrong.until([&] { return wrong.is_down(); }));
  EXPECT_EQ(wrong.bus->status().detail, "the broker refused AUTH: WRONGPASS");
  wrong.expect_no_secret("hunter2");
  const auto watched = mono_now() + milliseconds(1000);
  wrong.until([&] { return mono_now() > watched; });
  EXPECT_EQ(wrong.log.lines.size(), 1U);
  ServerStage none(url_of(server.port()));
  none.bus->start();
  ASSERT_TRUE(none.until([&] { return none.is_down(); }));
  EXPECT_NE(none.bus->status().detail.find("NOAUTH"), std::string::npos);
  ServerStage right(url_of(server.port(), ":the-right-one@") + "/2");
  ASSERT_TRUE(right.start()) << right.bus->status().detail;
  EXPECT_EQ(right.bus->display_url(), url_of(server.port()) + "/2");
  right.expect_no_secret("the-right-one");
}

TEST(RedisServerTest, AUserWithoutPermissionToPublishStillReceives) {
  RedisServer server;
  ASSERT_EQ(server.command({"ACL", "SETUSER", "ear", "on", ">p@ss", "&*", "+@all", "-publish"}), "OK");
  ServerStage f(url_of(server.port(), "ear:p%40ss@"));
  ASSERT_TRUE(f.start()) << f.bus->status().detail;
  EXPECT_EQ(f.log.count("not permitted"), 1U);
  EXPECT_TRUE(f.receives(server, "orion.a", "x"));
  f.bus->publish("orion.a", "y", f.tally.done());
  ASSERT_TRUE(f.until([&] { return f.tally.all() == 1; }));
  EXPECT_EQ(f.tally.refused, 1);
}

TEST(RedisServerTest, AUserWithoutTheProbesChannelStillReceivesAndOneWithoutAnyGetsTheReason) {
  RedisServer server;
  ASSERT_EQ(server.command({"ACL", "SETUSER", "some", "on", ">p", "resetchannels", "&orion.*", "&orion.a",
                            "&plain", "+@all"}),
            "OK");
  ServerStage some(url_of(server.port(), "some:p@"));
  ASSERT_TRUE(some.start()) << some.bus->status().detail;
  EXPECT_TRUE(some.receives(server, "orion.a", "x"));
  EXPECT_EQ(some.log.count("not permitted"), 1U);
  ASSERT_EQ(server.command({"ACL", "SETUSER", "none", "on", ">p", "resetchannels", "+@all"}), "OK");
  ServerStage none(url_of(server.port(), "none:p@"));
  none.bus->start();
  ASSERT_TRUE(none.until([&] { return none.is_down(); }));
  EXPECT_NE(none.bus->status().detail.find("PSUBSCRIBE orion.*: NOPERM"), std::string::npos);
  EXPECT_TRUE(none.bus->status().detail.ends_with("ACL SETUSER <user> &orion.*"))
      << none.bus->status().detail;
}

TEST(RedisServerTest, ABrokerThatLoadsSendsGarbageOrIsSilentIsRetriedAndNamed) {
  const struct {
    std::string answer;
    std::string part;
  } table[] = {{"-LOADING Redis is loading the dataset in memory\r\n", "LOADING"},
               {"-MASTERDOWN Link with MASTER is down\r\n", "MASTERDOWN"},
               {"HTTP/1.1 400 Bad Request\r\n\r\n", "not RESP"},
               {"*1\r\n*1\r\n*1\r\n:1\r\n", "array in an array"},
               {std::string(100000, '+'), "line without an end"},
               {"", "in time"}};
  for (const auto& row : table) {
    SCOPED_TRACE(row.part);
    TcpServer server = TcpServer::answering([&](std::string_view) { return row.answer; });
    auto options = ServerStage::quick(url_of(server.port()));
    options.operation_timeout = milliseconds(200);
    ServerStage f(std::move(options));
    f.bus->start();
    ASSERT_TRUE(f.until([&] { return f.is_down() && server.accepted() >= 3; }));
    EXPECT_NE(f.bus->status().detail.find(row.part), std::string::npos) << f.bus->status().detail;
    const auto watched = mono_now() + milliseconds(300);
    f.until([&] { return mono_now() > watched; });
    EXPECT_LT(server.accepted(), 12);
    EXPECT_EQ(f.log.lines.size(), 1U);
  }
}

TEST(RedisServerTest, WithoutAListenerItIsDownWithTheReasonAndFewDials) {
  ServerStage f(url_of(testing::free_port()));
  f.bus->start();
  ASSERT_TRUE(f.until([&] { return f.is_down(); }, seconds(5)));
  EXPECT_FALSE(f.bus->status().detail.empty());
  f.bus->publish("orion.a", "x", f.tally.done());
  ASSERT_TRUE(f.until([&] { return f.tally.all() == 1; }));
  EXPECT_EQ(f.tally.unavailable, 1);
}

// --- rediss:// ---

bool make_certificate(const std::string& folder) {
  const auto pid = testing::spawn(
      {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
       "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
       "-keyout", folder + "/key.pem", "-out", folder + "/cert.pem"},
      folder + "/openssl.log");
  int status = -1;
  ::waitpid(pid, &status, 0);
  return status == 0;
}

TEST(RedisServerTest, UsesTlsAndRefusesACertificateThatItCannotTrust) {
  testing::TemporaryFolder folder;
  ASSERT_TRUE(make_certificate(folder.path()));
  const auto tls_port = testing::free_port();
  RedisServer server({"--tls-port", std::to_string(tls_port), "--tls-cert-file", folder.path() + "/cert.pem",
                      "--tls-key-file", folder.path() + "/key.pem", "--tls-auth-clients", "no"});
  auto options = ServerStage::quick("rediss://127.0.0.1:" + std::to_string(tls_port));
  options.tls_ca_file = folder.path() + "/cert.pem";
  ServerStage f(options);
  ASSERT_TRUE(f.start()) << f.bus->status().detail;
  const std::string large(500000, 'x');
  EXPECT_TRUE(f.receives(server, "orion.a", large));
  f.bus->publish("plain", "y", f.tally.done());
  ASSERT_TRUE(f.until([&] { return f.tally.accepted == 1 && f.sink.saw("plain=y"); }));
  options.tls_ca_file.clear();
  ServerStage distrusts(options);
  distrusts.bus->start();
  ASSERT_TRUE(distrusts.until([&] { return distrusts.is_down(); }));
  EXPECT_NE(distrusts.bus->status().detail.find("certificate"), std::string::npos)
      << distrusts.bus->status().detail;
}

// --- slow ones: ./test leaves a suite named Long… to ./test --long ---

TEST(LongRedisServerTest, DownForAMinuteItIsDialledAtMostFortyTimes) {
  TcpServer server = TcpServer::answering([&](std::string_view) { return "-LOADING wait\r\n"; });
  ServerStage f(url_of(server.port()));
  f.bus->start();
  const auto end = mono_now() + seconds(60);
  f.until([&] { return mono_now() > end; }, seconds(70));
  EXPECT_LE(server.accepted(), 40);
  EXPECT_GE(server.accepted(), 12);
  EXPECT_LE(f.log.lines.size(), 2U);
}

TEST(LongRedisServerTest, ALoadedStreamSurvivesARestartInOrder) {
  RedisServer server;
  ServerStage f(url_of(server.port()));
  ASSERT_TRUE(f.start());
  std::atomic<bool> ending{false};
  std::thread load([&] {
    for (int i = 0; !ending; ++i) {
      server.publish("orion.n", std::to_string(i));
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  ASSERT_TRUE(f.until([&] { return f.sink.events > 500; }));
  server.kill();
  ASSERT_TRUE(f.until([&] { return f.is_down(); }));
  const auto back = mono_now() + seconds(3);
  f.until([&] { return mono_now() > back; });
  server.start();
  const auto received = f.sink.events;
  EXPECT_TRUE(f.until([&] { return f.sink.events > received + 500; }));
  ending = true;
  load.join();
  int last = -1;
  bool may_skip = true;
  for (const auto& line : f.sink.lines) {
    if (line == "GAP") may_skip = true;
    if (!line.starts_with("orion.n=")) continue;
    const int number = std::stoi(line.substr(8));
    EXPECT_TRUE(may_skip ? number > last : number == last + 1) << line;
    last = number;
    may_skip = false;
  }
}

}  // namespace
}  // namespace carillon::bus
