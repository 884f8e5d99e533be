#include "bus/redis/publisher_session.h"

#include <gtest/gtest.h>

#include <utility>

#include "bus/testing/sessions.h"

namespace carillon::bus {
namespace {

using testing::array;
using testing::Tally;

constexpr MonoTime kSessionStart{std::chrono::hours(1)};

class Mouth final : public PublisherListener {
 public:
  void on_published(PublishResult) override { ++published; }
  void on_publish_refused(std::string_view reason) override { refused = reason; }
  void on_probe_forbidden(std::string_view reason) override { forbidden = reason; }
  void on_publisher_pong() override { ++pongs; }
  int published = 0;
  int pongs = 0;
  std::string forbidden;
  std::string refused;
};

struct PublisherStage {
  Mouth mouth;
  PublisherSession session{{}, {}, mouth};
  std::string out;
  Tally tally;

  void make_ready() {
    session.open(kSessionStart, out);
    ASSERT_FALSE(session.feed("+PONG\r\n", kSessionStart));
    ASSERT_TRUE(session.ready());
    out.clear();
  }
  bool publish(std::string_view channel, std::string_view body, MonoTime now = kSessionStart) {
    auto done = tally.done();
    return session.try_publish(channel, body, now, out, done);
  }
};

TEST(PublisherSession, OpensWithAuthSelectAndPing) {
  Mouth mouth;
  std::string out;
  PublisherSession session({"u", Secret("p"), 2}, {}, mouth);
  session.open(kSessionStart, out);
  EXPECT_EQ(out, array({"AUTH", "u", "p"}) + array({"SELECT", "2"}) + array({"PING"}));
  EXPECT_FALSE(session.feed("+OK\r\n+OK\r\n", kSessionStart));
  EXPECT_FALSE(session.ready());
  EXPECT_FALSE(session.feed("+PONG\r\n", kSessionStart));
  EXPECT_TRUE(session.ready());
}

TEST(PublisherSession, AUserThatMayNotPingMayStillPublish) {
  PublisherStage f;
  f.session.open(kSessionStart, f.out);
  EXPECT_FALSE(
      f.session.feed("-NOPERM this user has no permissions to run the 'ping' command\r\n", kSessionStart));
  EXPECT_TRUE(f.session.ready());
}

TEST(PublisherSession, ABadOpeningIsAFault) {
  const struct {
    std::string bytes;
    FaultKind kind;
  } table[] = {{"-NOAUTH Authentication required.\r\n", FaultKind::denied},
               {"-LOADING Redis is loading\r\n", FaultKind::busy},
               {"-MASTERDOWN Link\r\n", FaultKind::busy},
               {"*1\r\n:1\r\n", FaultKind::protocol},
               {":1\r\n", FaultKind::protocol},
               {"$5\r\nhello\r\n", FaultKind::protocol},
               {"garbage\r\n", FaultKind::protocol}};
  for (const auto& row : table) {
    PublisherStage f;
    f.session.open(kSessionStart, f.out);
    const auto fault = f.session.feed(row.bytes, kSessionStart);
    ASSERT_TRUE(fault) << row.bytes;
    EXPECT_EQ(fault->kind, row.kind) << row.bytes;
  }
}

TEST(PublisherSession, AnswersComeInTheOrderOfTheCommandsWhereverTheBytesAreSplit) {
  const std::string bytes = ":0\r\n:12\r\n-OOM command not allowed\r\n:1\r\n";
  for (std::size_t split = 0; split <= bytes.size(); ++split) {
    PublisherStage f;
    f.make_ready();
    for (const auto* body : {"1", "2", "3", "4"}) ASSERT_TRUE(f.publish("c", body));
    ASSERT_EQ(f.out, array({"PUBLISH", "c", "1"}) + array({"PUBLISH", "c", "2"}) +
                         array({"PUBLISH", "c", "3"}) + array({"PUBLISH", "c", "4"}));
    ASSERT_FALSE(f.session.feed(std::string_view(bytes).substr(0, split), kSessionStart));
    ASSERT_FALSE(f.session.feed(std::string_view(bytes).substr(split), kSessionStart));
    ASSERT_EQ(f.tally.accepted, 3);
    ASSERT_EQ(f.tally.refused, 1);
    ASSERT_EQ(f.session.waiting(), 0U);
    ASSERT_EQ(f.mouth.published, 4);
  }
}

TEST(PublisherSession, AnOverdueAnswerIsAFaultTheOverdueTimedOutTheRestUnavailable) {
  PublisherStage f;
  f.make_ready();
  EXPECT_EQ(f.session.next_deadline(), MonoTime::max());
  ASSERT_TRUE(f.publish("c", "1"));
  ASSERT_TRUE(f.publish("c", "2", kSessionStart + seconds(1)));
  EXPECT_EQ(f.session.next_deadline(), kSessionStart + seconds(5));
  EXPECT_FALSE(f.session.advance(kSessionStart + seconds(5) - milliseconds(1)));
  const auto fault = f.session.advance(kSessionStart + seconds(5));
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->kind, FaultKind::silent);
  EXPECT_EQ(f.tally.timed_out, 1);
  f.session.close();
  EXPECT_EQ(f.tally.unavailable, 1);
  EXPECT_EQ(f.tally.all(), 2);
}

TEST(PublisherSession, AtMostTenThousandWait) {
  PublisherStage f;
  f.make_ready();
  for (std::size_t i = 0; i + 1 < kWaitingMax; ++i) ASSERT_TRUE(f.publish("c", "x"));
  EXPECT_TRUE(f.publish("c", "the last"));
  EXPECT_FALSE(f.publish("c", "one too many"));
  EXPECT_FALSE(f.session.feed(":1\r\n", kSessionStart));
  EXPECT_TRUE(f.publish("c", "room again"));
  f.session.close();
  EXPECT_EQ(f.tally.unavailable, static_cast<int>(kWaitingMax));
}

// A batch of 10,000 events that went out in several writes was refused from the 9,996th event on: each write
// had asked for the server's role as well.
TEST(PublisherSession, QuestionsOfOurOwnTakeNoPlaceOfAPublish) {
  PublisherStage f;
  f.make_ready();
  f.session.append_probe("carillon.probe.x", "1", kSessionStart, f.out);
  f.session.append_ping(kSessionStart, f.out);
  for (std::size_t i = 0; i < kWaitingMax; ++i) ASSERT_TRUE(f.publish("c", "x")) << i;
  EXPECT_FALSE(f.publish("c", "one too many"));
  f.session.close();
  EXPECT_EQ(f.tally.unavailable, static_cast<int>(kWaitingMax));
}

TEST(PublisherSession, NothingIsPublishedBeforeItIsReadyOrAfterItIsClosed) {
  PublisherStage f;
  EXPECT_FALSE(f.publish("c", "1"));
  f.session.open(kSessionStart, f.out);
  EXPECT_FALSE(f.publish("c", "1"));
  EXPECT_FALSE(f.session.feed("+PONG\r\n", kSessionStart));
  EXPECT_TRUE(f.publish("c", "1"));
  f.session.close();
  EXPECT_FALSE(f.publish("c", "1"));
  EXPECT_EQ(f.tally.all(), 1);
}

TEST(PublisherSession, ADoneMayPublishAgain) {
  PublisherStage f;
  f.make_ready();
  bool again = false;
  PublishDone done = [&](PublishResult) { again = f.publish("c", "2"); };
  ASSERT_TRUE(f.session.try_publish("c", "1", kSessionStart, f.out, done));
  EXPECT_FALSE(f.session.feed(":1\r\n", kSessionStart));
  EXPECT_TRUE(again);
  EXPECT_EQ(f.session.waiting(), 1U);
  PublishDone late = [&](PublishResult) { again = f.publish("c", "3"); };
  ASSERT_TRUE(f.session.try_publish("c", "1", kSessionStart, f.out, late));
  f.session.close();
  EXPECT_FALSE(again) << "it is closed by then";
}

TEST(PublisherSession, ReportsAForbiddenProbeAndOnlyThat) {
  PublisherStage f;
  f.make_ready();
  for (int i = 0; i < 3; ++i) f.session.append_probe("carillon.probe.n1", "abc", kSessionStart, f.out);
  f.session.append_ping(kSessionStart, f.out);
  EXPECT_FALSE(f.session.feed(":1\r\n-ERR other\r\n", kSessionStart));
  EXPECT_TRUE(f.mouth.forbidden.empty());
  EXPECT_FALSE(f.session.feed("-NOPERM no publish\r\n+PONG\r\n", kSessionStart));
  EXPECT_EQ(
      f.mouth.forbidden,
      "the broker refused PUBLISH carillon.probe.n1: NOPERM no publish; grant it with ACL SETUSER <user> "
      "+publish &carillon.probe.n1");
  EXPECT_EQ(f.mouth.pongs, 1);
  EXPECT_EQ(f.mouth.published, 0);
}

TEST(PublisherSession, ARefusedPublishNamesTheChannelAndTheGrant) {
  PublisherStage f;
  f.make_ready();
  ASSERT_TRUE(f.publish("orion.a", "1"));
  EXPECT_FALSE(f.session.feed("-NOPERM No permissions to access a channel\r\n", kSessionStart));
  EXPECT_EQ(f.tally.refused, 1);
  EXPECT_TRUE(f.mouth.refused.ends_with("ACL SETUSER <user> &orion.a")) << f.mouth.refused;
}

// --- a master is required ---

std::string info(std::string_view text) { return testing::bulk(text); }
const std::string kMaster = info("# Replication\r\nrole:master\r\nconnected_slaves:0\r\n");
const std::string kReplica = info("role:slave\r\nmaster_host:10.0.0.2\r\nmaster_port:6379\r\n");
const std::string kServer = info("# Server\r\nredis_mode:standalone\r\nrun_id:aaaa\r\n");
const std::string kAskRole = array({"INFO", "replication"});

struct MasterFixture {
  Mouth mouth;
  PublisherSession session{{}, {seconds(5), AskIdentity::yes, BrokerRole::master}, mouth};
  std::string out;
  Tally tally;

  void open(const std::string& role) {
    session.open(kSessionStart, out);
    EXPECT_EQ(std::exchange(out, {}), array({"PING"}) + array({"INFO", "server"}) + kAskRole);
    feed("+PONG\r\n" + kServer + role);
  }
  void feed(const std::string& bytes) { fault = session.feed(bytes, kSessionStart); }
  void publish(std::string_view body) {
    auto done = tally.done();
    ASSERT_TRUE(session.try_publish("c", body, kSessionStart, out, done));
  }
  std::optional<Fault> fault;
};

TEST(PublisherSession, AReplicaIsAFaultWhereAMasterIsRequired) {
  MasterFixture f;
  f.open(kReplica);
  ASSERT_TRUE(f.fault);
  EXPECT_EQ(f.fault->kind, FaultKind::busy);
  EXPECT_NE(f.fault->detail.find("a replica of 10.0.0.2:6379"), std::string::npos) << f.fault->detail;
}

TEST(PublisherSession, APublishIsAcceptedOnlyOnceTheServerHasConfirmedThatItIsAMaster) {
  MasterFixture f;
  f.open(kMaster);
  ASSERT_TRUE(f.session.ready());
  EXPECT_EQ(f.session.identity().run_id, "aaaa");
  f.publish("1");
  f.publish("2");
  f.session.before_write(kSessionStart, f.out);
  EXPECT_EQ(f.out, array({"PUBLISH", "c", "1"}) + array({"PUBLISH", "c", "2"}) + kAskRole);
  std::string more;
  f.session.before_write(kSessionStart, more);
  EXPECT_EQ(more, "") << "one question a write";
  f.feed(":1\r\n:1\r\n");
  EXPECT_EQ(f.tally.all(), 0);
  EXPECT_EQ(f.session.waiting(), 3U);
  f.feed(kMaster);
  EXPECT_EQ(f.tally.accepted, 2);
  EXPECT_EQ(f.session.waiting(), 0U);
}

TEST(PublisherSession, WhatADemotedMasterAcknowledgesIsUnavailable) {
  MasterFixture f;
  f.open(kMaster);
  f.publish("1");
  f.session.before_write(kSessionStart, f.out);
  f.publish("2");
  f.session.before_write(kSessionStart, f.out);
  f.feed(":1\r\n" + kReplica + ":1\r\n");
  ASSERT_TRUE(f.fault);
  f.session.close();
  EXPECT_EQ(f.tally.accepted, 0);
  EXPECT_EQ(f.tally.unavailable, 2);
}

TEST(PublisherSession, AServerThatMayNotReportItsRoleIsAcceptedAsItIs) {
  MasterFixture f;
  f.open("-NOPERM User x has no permissions to run the 'info' command\r\n");
  ASSERT_TRUE(f.session.ready());
  EXPECT_TRUE(f.session.identity().refusal.ends_with("ACL SETUSER <user> +info"));
  f.publish("1");
  f.out.clear();
  f.session.before_write(kSessionStart, f.out);
  EXPECT_EQ(f.out, "");
  f.feed(":1\r\n");
  EXPECT_EQ(f.tally.accepted, 1);
}

TEST(PublisherSession, TheRoleThatIsNotAnsweredInTimeIsAFaultAndWhatWaitedForItUnavailable) {
  MasterFixture f;
  f.open(kMaster);
  f.publish("1");
  f.session.before_write(kSessionStart, f.out);
  f.feed(":1\r\n");
  EXPECT_TRUE(f.session.advance(kSessionStart + seconds(5)));
  f.session.close();
  EXPECT_EQ(f.tally.unavailable, 1);
  EXPECT_EQ(f.tally.all(), 1);
}

TEST(PublisherSession, AnAnswerToNothingIsAFault) {
  PublisherStage f;
  f.make_ready();
  const auto fault = f.session.feed(":1\r\n", kSessionStart);
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->kind, FaultKind::protocol);
}

}  // namespace
}  // namespace carillon::bus
