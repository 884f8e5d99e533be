#include "bus/redis/subscriber_session.h"

#include <gtest/gtest.h>

#include "bus/testing/sessions.h"

namespace carillon::bus {
namespace {

using testing::acknowledgement;
using testing::array;
using testing::bulk;
using testing::patterns;

constexpr MonoTime kStart{std::chrono::hours(1)};

class RecordingListener final : public SubscriberListener {
 public:
  void on_message(std::string_view channel, std::string_view body) override {
    received.push_back(std::string(channel) + "=" + std::string(body));
  }
  void on_oversize(std::string_view channel) override {
    received.push_back("oversize " + std::string(channel));
  }
  void on_probe_received(std::string_view nonce) override {
    received.push_back("probe " + std::string(nonce));
  }
  void on_pong() override { received.emplace_back("pong"); }
  std::vector<std::string> received;
};

SubscriberSession session_of(Login login, RecordingListener& listener,
                             std::initializer_list<std::string_view> texts) {
  return {std::move(login), Subscriptions(patterns(texts), "n1"), {100, seconds(5)}, listener};
}

const std::string kAllAcknowledged = acknowledgement("psubscribe", "orion.*", 1) +
                                     acknowledgement("subscribe", "x", 2) +
                                     acknowledgement("subscribe", "carillon.probe.n1", 3);

TEST(SubscriberSession, SendsAllCommandsAtOnce) {
  RecordingListener listener;
  std::string out;
  auto session = session_of({"user", Secret("p w"), 3}, listener, {"orion.*", "x"});
  session.open(kStart, out);
  EXPECT_EQ(out, array({"AUTH", "user", "p w"}) + array({"SELECT", "3"}) + array({"PSUBSCRIBE", "orion.*"}) +
                     array({"SUBSCRIBE", "x"}) + array({"SUBSCRIBE", "carillon.probe.n1"}));
  out.clear();
  auto with_password_only = session_of({"", Secret("p"), 0}, listener, {});
  with_password_only.open(kStart, out);
  EXPECT_EQ(out, array({"AUTH", "p"}) + array({"SUBSCRIBE", "carillon.probe.n1"}));
}

TEST(SubscriberSession, IsReadyWhenAllIsAcknowledgedAndHandsOnWhereverTheBytesAreSplit) {
  const std::string bytes = "+OK\r\n+OK\r\n" + kAllAcknowledged +
                            array({"pmessage", "orion.*", "orion.a", "1"}) + array({"message", "x", "2"}) +
                            array({"message", "carillon.probe.n1", "n"}) +
                            array({"pmessage", "orion.*", "orion.b", std::string(101, 'x')}) +
                            array({"pmessage", "orion.*", "orion.b", std::string(100, 'y')});
  const std::vector<std::string> expected{"orion.a=1", "x=2", "probe n", "oversize orion.b",
                                          "orion.b=" + std::string(100, 'y')};
  const auto ready_at = std::string("+OK\r\n+OK\r\n").size() + kAllAcknowledged.size();
  for (std::size_t split = 0; split <= bytes.size(); ++split) {
    RecordingListener listener;
    std::string out;
    auto session = session_of({"u", Secret("p"), 3}, listener, {"orion.*", "x"});
    session.open(kStart, out);
    const std::string_view all = bytes;
    ASSERT_FALSE(session.feed(all.substr(0, split), kStart));
    ASSERT_EQ(session.ready(), split >= ready_at) << split;
    ASSERT_FALSE(session.feed(all.substr(split), kStart));
    ASSERT_TRUE(session.ready());
    ASSERT_EQ(listener.received, expected) << split;
    ASSERT_EQ(session.next_deadline(), MonoTime::max());
  }
}

TEST(SubscriberSession, AMessageBeforeItIsReadyIsHandedOn) {
  RecordingListener listener;
  std::string out;
  auto session = session_of({}, listener, {"orion.*", "x"});
  session.open(kStart, out);
  EXPECT_FALSE(session.feed(acknowledgement("psubscribe", "orion.*", 1) +
                                array({"pmessage", "orion.*", "orion.a", "1"}) +
                                acknowledgement("subscribe", "x", 2),
                            kStart));
  EXPECT_FALSE(session.ready());
  EXPECT_EQ(listener.received, (std::vector<std::string>{"orion.a=1"}));
}

// Redis runs the commands of one connection one after the other, and another client's PUBLISH may come
// between two of them.
TEST(SubscriberSession, AnEventBetweenTwoSubscriptionsThatItMatchesIsNotDroppedAsADuplicate) {
  RecordingListener listener;
  std::string out;
  auto session = session_of({}, listener, {"orion.a", "orion.*"});
  session.open(kStart, out);
  EXPECT_EQ(out, array({"SUBSCRIBE", "orion.a"}) + array({"PSUBSCRIBE", "orion.*"}) +
                     array({"SUBSCRIBE", "carillon.probe.n1"}));
  EXPECT_FALSE(
      session.feed(acknowledgement("subscribe", "orion.a", 1) + array({"message", "orion.a", "between"}) +
                       acknowledgement("psubscribe", "orion.*", 2) + array({"message", "orion.a", "after"}) +
                       array({"pmessage", "orion.*", "orion.a", "after"}),
                   kStart));
  EXPECT_EQ(listener.received, (std::vector<std::string>{"orion.a=between", "orion.a=after"}));
}

TEST(SubscriberSession, AProbeIsReceivedWhateverTheLongestEvent) {
  RecordingListener listener;
  std::string out;
  SubscriberSession session({}, Subscriptions(patterns({"x"}), "n1"), {1, seconds(5)}, listener);
  session.open(kStart, out);
  EXPECT_FALSE(session.feed(acknowledgement("subscribe", "x", 1) +
                                acknowledgement("subscribe", "carillon.probe.n1", 2) +
                                array({"message", "carillon.probe.n1", "0123456789abcdef"}) +
                                array({"message", "x", "1"}) + array({"message", "x", "12"}),
                            kStart));
  EXPECT_EQ(listener.received, (std::vector<std::string>{"probe 0123456789abcdef", "x=1", "oversize x"}));
}

TEST(SubscriberSession, ANopermNamesThePatternThatIsRefused) {
  RecordingListener listener;
  std::string out;
  auto session = session_of({}, listener, {"a.*", "b.*", "c"});
  session.open(kStart, out);
  const auto fault =
      session.feed(acknowledgement("psubscribe", "a.*", 1) +
                       "-NOPERM this user has no permissions to access one of the channels\r\n",
                   kStart);
  ASSERT_TRUE(fault);
  EXPECT_NE(fault->detail.find("PSUBSCRIBE b.*: NOPERM"), std::string::npos) << fault->detail;
  EXPECT_TRUE(fault->detail.ends_with("ACL SETUSER <user> &b.*")) << fault->detail;
}

TEST(SubscriberSession, SilenceUntilTheDeadlineIsAFault) {
  RecordingListener listener;
  std::string out;
  auto session = session_of({}, listener, {"orion.*", "x"});
  session.open(kStart, out);
  EXPECT_EQ(session.next_deadline(), kStart + seconds(5));
  EXPECT_FALSE(session.advance(kStart + seconds(5) - milliseconds(1)));
  const auto fault = session.advance(kStart + seconds(5));
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->kind, FaultKind::silent);
}

TEST(SubscriberSession, RefusalsAreFaultsOfTheirKind) {
  const struct {
    std::string bytes;
    FaultKind kind;
    std::string part;
  } table[] = {
      {"-WRONGPASS invalid username-password pair\r\n", FaultKind::denied, "AUTH: WRONGPASS"},
      {"-ERR unknown command 'AUTH' hunter2\r\n", FaultKind::busy, "AUTH: ERR"},
      {"+OK\r\n-ERR DB index is out of range\r\n", FaultKind::denied, "SELECT: ERR DB index"},
      {"+OK\r\n+OK\r\n-NOAUTH Authentication required.\r\n", FaultKind::denied, "PSUBSCRIBE orion.*: NOAUTH"},
      {"+OK\r\n+OK\r\n-NOPERM no\r\n", FaultKind::denied, "&orion.*"},
      {"+OK\r\n+OK\r\n-LOADING wait\r\n", FaultKind::busy, "LOADING"},
      {"+OK\r\n+OK\r\n" + kAllAcknowledged + "-ERR bye\r\n", FaultKind::busy, "bye"},
      {":1\r\n", FaultKind::protocol, "to no command"},
      {"+OK\r\n+OK\r\n+OK\r\n", FaultKind::protocol, "to no command"},
      {acknowledgement("psubscribe", "orion.*", 1), FaultKind::protocol, "to no command"},
      {"+OK\r\n+OK\r\n" + acknowledgement("subscribe", "x", 1), FaultKind::protocol, "to no command"},
      {"+OK\r\n+OK\r\n" + kAllAcknowledged + acknowledgement("subscribe", "x", 1), FaultKind::protocol, ""},
      {"+OK\r\n+OK\r\n" + kAllAcknowledged + "+PONG\r\n", FaultKind::protocol, "to no command"},
      {"+OK\r\n+OK\r\n" + kAllAcknowledged + array({"pong", ""}), FaultKind::protocol, "to no command"},
      {"*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n", FaultKind::protocol, "to no command"},
      {"*3\r\n" + bulk("message") + bulk("c") + "$-1\r\n", FaultKind::protocol, "without a body"},
      {"*0\r\n", FaultKind::protocol, "to no command"},
      {"*1\r\n*1\r\n:1\r\n", FaultKind::protocol, "array in an array"},
      {"SSH-2.0-OpenSSH_9.2\r\n", FaultKind::protocol, "not RESP"},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.bytes);
    RecordingListener listener;
    std::string out;
    auto session = session_of({"", Secret("hunter2"), 1}, listener, {"orion.*", "x"});
    session.open(kStart, out);
    const auto fault = session.feed(row.bytes, kStart);
    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->kind, row.kind);
    EXPECT_NE(fault->detail.find(row.part), std::string::npos) << fault->detail;
    EXPECT_EQ(fault->detail.find("hunter2"), std::string::npos);
    EXPECT_TRUE(session.feed("+OK\r\n", kStart)) << "stays faulty";
  }
}

TEST(SubscriberSession, MayDoWithoutItsProbeChannel) {
  RecordingListener listener;
  std::string out;
  auto session = session_of({}, listener, {"orion.*"});
  session.open(kStart, out);
  EXPECT_TRUE(session.receives_probes());
  EXPECT_FALSE(session.feed(acknowledgement("psubscribe", "orion.*", 1) + "-NOPERM no\r\n", kStart));
  EXPECT_TRUE(session.ready());
  EXPECT_FALSE(session.receives_probes());
}

TEST(SubscriberSession, ReceivesTheMarkersOfAnotherProcessAndNothingElseFromIt) {
  const std::string followed = "carillon.probe.n0";
  RecordingListener listener;
  SubscriberSession session({}, Subscriptions(patterns({"x"}), "n1", followed), {100, seconds(5)}, listener);
  std::string out;
  session.open(kStart, out);
  EXPECT_EQ(out, array({"SUBSCRIBE", "x"}) + array({"SUBSCRIBE", "carillon.probe.n1"}) +
                     array({"SUBSCRIBE", followed}));
  EXPECT_FALSE(session.feed(
      acknowledgement("subscribe", "x", 1) + acknowledgement("subscribe", "carillon.probe.n1", 2), kStart));
  EXPECT_FALSE(session.ready());
  EXPECT_FALSE(session.feed(acknowledgement("subscribe", followed, 3), kStart));
  EXPECT_TRUE(session.ready());
  EXPECT_FALSE(session.feed(array({"message", followed, "0123"}) + array({"message", followed, "marker 1"}) +
                                array({"message", "carillon.probe.n1", "marker 2"}) +
                                array({"message", "carillon.probe.n2", "marker 3"}),
                            kStart));
  EXPECT_EQ(listener.received, (std::vector<std::string>{"probe marker 1", "probe marker 2"}));
}

TEST(SubscriberSession, MayDoWithoutTheMarkersOfAnotherProcess) {
  RecordingListener listener;
  SubscriberSession session({}, Subscriptions(patterns({}), "n1", "carillon.probe.n0"), {100, seconds(5)},
                            listener);
  std::string out;
  session.open(kStart, out);
  EXPECT_FALSE(session.feed(acknowledgement("subscribe", "carillon.probe.n1", 1) +
                                "-NOPERM this user has no permissions to access one of the channels\r\n",
                            kStart));
  EXPECT_TRUE(session.ready());
  EXPECT_TRUE(session.receives_probes());
}

TEST(SubscriberSession, APingIsAnsweredByAPongAnErrorOrAStatus) {
  RecordingListener listener;
  std::string out;
  auto session = session_of({}, listener, {});
  session.open(kStart, out);
  EXPECT_FALSE(session.feed(acknowledgement("subscribe", "carillon.probe.n1", 1), kStart));
  out.clear();
  for (int i = 0; i < 3; ++i) session.append_ping(out);
  EXPECT_EQ(out, array({"PING"}) + array({"PING"}) + array({"PING"}));
  EXPECT_FALSE(session.feed(array({"pong", ""}) + "-NOPERM no\r\n+PONG\r\n", kStart));
  EXPECT_EQ(listener.received, (std::vector<std::string>{"pong", "pong", "pong"}));
  EXPECT_TRUE(session.feed(array({"pong", ""}), kStart)) << "one too many";
}

TEST(SubscriberSession, StartsOverAfterAClose) {
  RecordingListener listener;
  std::string out;
  auto session = session_of({}, listener, {"orion.*", "x"});
  session.open(kStart, out);
  EXPECT_FALSE(session.feed(kAllAcknowledged + "*4\r\n$8\r\npmess", kStart));
  session.close();
  EXPECT_FALSE(session.ready());
  EXPECT_EQ(session.next_deadline(), MonoTime::max());
  session.open(kStart + seconds(9), out);
  EXPECT_FALSE(session.ready());
  EXPECT_EQ(session.next_deadline(), kStart + seconds(14));
  EXPECT_FALSE(session.feed(kAllAcknowledged, kStart));
  EXPECT_TRUE(session.ready());
}

}  // namespace
}  // namespace carillon::bus
