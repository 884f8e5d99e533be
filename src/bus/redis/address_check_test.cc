#include "bus/redis/address_check.h"

#include <gtest/gtest.h>

#include <utility>

#include "bus/testing/sessions.h"
#include "reactor/testing/fake_loop.h"

namespace carillon::bus {
namespace {

using testing::array;
using testing::bulk;
using testing::RecordingLog;

ServerIdentity server(std::string run_id) {
  ServerIdentity identity;
  identity.run_id = std::move(run_id);
  identity.role = ServerIdentity::Role::master;
  return identity;
}

std::string answer(std::string_view run_id, std::string_view role, std::string_view mode = "standalone") {
  return bulk("redis_mode:" + std::string(mode) + "\r\nrun_id:" + std::string(run_id) + "\r\n") +
         bulk("role:" + std::string(role) + "\r\nmaster_host:h\r\nmaster_port:1\r\n");
}

class Stage final : public AddressCheckOwner {
 public:
  class Stream final : public reactor::ClientStream {
   public:
    Stream(Stage& stage, reactor::ClientStreamHandler& owner) : handler(owner), stage_(stage) {
      stage_.stream = this;
      ++stage_.dials;
    }
    ~Stream() override { stage_.stream = nullptr; }
    void write(std::string_view bytes) override { written += bytes; }
    std::size_t unsent_bytes() const override { return 0; }
    reactor::ClientStreamHandler& handler;
    std::string written;

   private:
    Stage& stage_;
  };

  explicit Stage(std::optional<milliseconds> interval = seconds(5)) {
    BusOptions options;
    options.address_check_interval = interval;
    options.role = BrokerRole::master;
    check = std::make_unique<AddressCheck>(Login{"u", Secret("hunter2"), 7}, options, "redis://h:1",
                                           connector, loop, log, counters, *this);
  }
  void on_failover(const Fault& fault) override { faults.push_back(fault.detail); }
  // The next question, at its time.
  bool wait_for_question(milliseconds within = seconds(5)) {
    const int before = dials;
    loop.advance(within);
    return dials == before + 1 && stream != nullptr;
  }
  void reply(const std::string& bytes) {
    stream->handler.on_connected();
    stream->handler.on_bytes("+OK\r\n" + bytes);
  }

  reactor::FakeLoop loop;
  RecordingLog log;
  BusCounters counters;
  Stream* stream = nullptr;
  int dials = 0;
  std::vector<std::string> faults;
  Connector connector = [this](reactor::ClientStreamHandler& handler) {
    return std::make_unique<Stream>(*this, handler);
  };
  std::unique_ptr<AddressCheck> check;
};

TEST(AddressCheck, AsksOnANewConnectionAtEveryIntervalAndClosesIt) {
  Stage stage;
  stage.check->start(server("aaaa"));
  stage.loop.advance(milliseconds(4999));
  EXPECT_EQ(stage.dials, 0);
  ASSERT_TRUE(stage.wait_for_question(milliseconds(1)));
  stage.stream->handler.on_connected();
  EXPECT_EQ(stage.stream->written,
            array({"AUTH", "u", "hunter2"}) + array({"INFO", "server"}) + array({"INFO", "replication"}));
  stage.stream->handler.on_bytes("+OK\r\n");
  stage.stream->handler.on_bytes(answer("aaaa", "master"));
  EXPECT_EQ(stage.stream, nullptr);
  EXPECT_TRUE(stage.wait_for_question());
  stage.reply(answer("aaaa", "master"));
  EXPECT_TRUE(stage.faults.empty());
  EXPECT_EQ(stage.counters.address_checks.load(), 2U);
}

TEST(AddressCheck, AnotherServerAtTheAddressIsAFailover) {
  Stage stage;
  stage.check->start(server("aaaa"));
  ASSERT_TRUE(stage.wait_for_question());
  stage.reply(answer("bbbb", "master"));
  ASSERT_EQ(stage.faults.size(), 1U);
  EXPECT_NE(stage.faults[0].find("another server"), std::string::npos);
  EXPECT_EQ(stage.counters.failovers_to_other.load(), 1U);
  EXPECT_EQ(stage.loop.timer_count(), 0U) << "until the connections stand again";
}

TEST(AddressCheck, ADemotedMasterIsAFailover) {
  Stage stage;
  stage.check->start(server("aaaa"));
  ASSERT_TRUE(stage.wait_for_question());
  stage.reply(answer("aaaa", "slave"));
  ASSERT_EQ(stage.faults.size(), 1U);
  EXPECT_NE(stage.faults[0].find("a replica of h:1"), std::string::npos);
  EXPECT_EQ(stage.counters.failovers_demoted.load(), 1U);
}

TEST(AddressCheck, NoAnswerIsAMissedCheckAndNoFailover) {
  const std::string bad[] = {"-ERR max number of clients reached\r\n",
                             "-NOPERM no\r\n-NOPERM no\r\n",
                             "-LOADING wait\r\n",
                             "HTTP/1.1 400\r\n",
                             ":1\r\n",
                             "*0\r\n",
                             "$3\r\na:b\r\n$3\r\na:b\r\n",
                             "$99999\r\n"};
  Stage stage;
  stage.check->start(server("aaaa"));
  std::uint64_t missed = 0;
  for (const auto& bytes : bad) {
    SCOPED_TRACE(bytes);
    ASSERT_TRUE(stage.wait_for_question());
    stage.reply(bytes);
    if (stage.stream != nullptr) stage.loop.advance(seconds(5));
    EXPECT_EQ(stage.counters.address_checks_missed.load(), ++missed);
  }
  ASSERT_TRUE(stage.wait_for_question());
  stage.stream->handler.on_closed({"Too many open files"});
  EXPECT_EQ(stage.counters.address_checks_missed.load(), ++missed);
  ASSERT_TRUE(stage.wait_for_question());
  stage.loop.advance(seconds(5));  // silence
  EXPECT_EQ(stage.counters.address_checks_missed.load(), ++missed);
  EXPECT_EQ(stage.stream, nullptr);
  EXPECT_TRUE(stage.faults.empty());
  EXPECT_EQ(stage.counters.address_checks.load(), 0U);
  EXPECT_LE(stage.log.lines.size(), 2U) << "a line a minute";
  for (const auto& line : stage.log.lines) EXPECT_EQ(line.find("hunter2"), std::string::npos) << line;
}

TEST(AddressCheck, AnAddressThatSeveralServersShareIsCheckedLessAndLessOften) {
  Stage stage;
  const int waits[] = {5, 10, 20, 40, 60, 60};
  for (const int wait : waits) {
    stage.check->start(server("aaaa"));
    stage.loop.advance(seconds(wait) - milliseconds(1));
    EXPECT_EQ(stage.stream, nullptr);
    ASSERT_TRUE(stage.wait_for_question(milliseconds(1))) << wait;
    stage.reply(answer("bbbb", "master"));
  }
  stage.check->start(server("aaaa"));
  ASSERT_TRUE(stage.wait_for_question(seconds(60)));
  stage.reply(answer("aaaa", "master"));
  EXPECT_TRUE(stage.wait_for_question(seconds(5)));
}

TEST(AddressCheck, TheNodesOfAClusterMayTakeEachOthersPlace) {
  Stage stage;
  auto ours = server("aaaa");
  ours.in_cluster = true;
  stage.check->start(ours);
  ASSERT_TRUE(stage.wait_for_question());
  stage.reply(answer("bbbb", "slave", "cluster"));
  EXPECT_TRUE(stage.faults.empty());
}

TEST(AddressCheck, WithoutAnIntervalOrAnIdentityNothingIsAsked) {
  Stage off(std::nullopt);
  off.check->start(server("aaaa"));
  off.loop.advance(seconds(100));
  EXPECT_EQ(off.dials, 0);
  Stage stage;
  ServerIdentity unknown;
  unknown.refusal = "the broker refused INFO: NOPERM";
  for (int i = 0; i < 3; ++i) stage.check->start(unknown);
  stage.loop.advance(seconds(100));
  EXPECT_EQ(stage.dials, 0);
  EXPECT_EQ(stage.log.count("cannot be detected"), 1U);
}

TEST(AddressCheck, StoppedOrDestroyedItLeavesNothingInTheLoop) {
  Stage stage;
  stage.check->start(server("aaaa"));
  ASSERT_TRUE(stage.wait_for_question());
  stage.check->stop();
  EXPECT_EQ(stage.stream, nullptr);
  EXPECT_EQ(stage.loop.timer_count(), 0U);
  stage.check->start(server("aaaa"));
  stage.check.reset();
  EXPECT_EQ(stage.loop.timer_count(), 0U);
}

}  // namespace
}  // namespace carillon::bus
