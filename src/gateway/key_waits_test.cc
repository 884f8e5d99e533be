// Upgrades whose token names a key that is not known yet, through a real shard.
#include "client/key_waits.h"

#include <gtest/gtest.h>

#include "auth/testing/signing_key.h"
#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

using auth::Algorithm;
using auth::testing::jwks_of;
using auth::testing::SigningKey;

constexpr std::string_view kByUrl =
    "[keys.id]\nalgorithms = [\"ES256\"]\njwks_url = \"https://id.example.com/keys\"\n"
    "[[endpoint]]\nprofile = \"orion\"\n";

std::string upgrade_by(const SigningKey& key, std::string_view claims = R"({"sub":"alice"})") {
  return upgrade_of("/ws?token=" + key.token(claims, Algorithm::es256));
}
std::string status_of(const Answer& answer) { return answer.head.substr(0, 12); }

// A shard whose only key set is fetched when the test says so.
class KeySetStage : public ShardStage {
 public:
  explicit KeySetStage(std::string_view toml = kByUrl) : ShardStage(toml) {}

  auth::KeySetSlot& slot() { return *key_store.slots().front(); }
  void begin_fetch() {
    fetch_ = slot().begin_if_due(loop.now());
    ASSERT_TRUE(fetch_.has_value());
  }
  // The fetch ends, as KeySetUpdater reports it.
  void serve(const std::vector<std::string>& keys) { end_fetch(auth::FetchedDocument{jwks_of(keys), {}}); }
  void fail() { end_fetch(tl::unexpected(auth::FetchError{auth::FetchFault::unreachable, "down"})); }
  std::uint64_t waiting() const { return shard->counters().upgrades_waiting.get(); }

 private:
  void end_fetch(const auth::FetchResult& result) {
    slot().on_fetched(auth::read_document(*fetch_, result), loop.now(), loop.wall_now());
    loop.post_always([this] { shard->on_keys_fetched(); });
    settle();
  }
  std::optional<auth::KeySetFetch> fetch_;
};

TEST(KeyWait, AnUpgradeWaitsForTheFirstFetchAndIsThenAdmitted) {
  KeySetStage stage;
  const SigningKey key = SigningKey::ec("a");
  stage.begin_fetch();
  const Answer nothing = stage.ask(upgrade_by(key));
  EXPECT_EQ(nothing.head, "");
  EXPECT_EQ(stage.waiting(), 1U);
  stage.run_for(milliseconds(1500));
  stage.serve({key.jwk()});
  EXPECT_EQ(stage.take_received(stage.last_fd).substr(0, 12), "HTTP/1.1 101");
  EXPECT_EQ(stage.waiting(), 0U);
  EXPECT_EQ(stage.open_connections(), 1U);
  stage.end(stage.last_fd);
  stage.run_for(seconds(12));
  stage.expect_nothing_left();
}

TEST(KeyWait, AnUpgradeThatWaitsCountsOnceInTheAcceptRateOfTheProcess) {
  KeySetStage stage("server.accepts_rate = 2\n" + std::string(kByUrl));
  const SigningKey key = SigningKey::ec("a");
  stage.begin_fetch();
  stage.ask(upgrade_by(key));
  const int first = stage.last_fd;
  stage.ask(upgrade_by(key));
  EXPECT_EQ(status_of(stage.ask(upgrade_by(key))), "HTTP/1.1 503");
  stage.serve({key.jwk()});
  EXPECT_EQ(stage.take_received(first).substr(0, 12), "HTTP/1.1 101");
  EXPECT_EQ(stage.open_connections(), 2U);
}

TEST(KeyWait, FramesThatComeWhileTheUpgradeWaitsAreReadAfterIt) {
  KeySetStage stage;
  const SigningKey key = SigningKey::ec("a");
  stage.begin_fetch();
  const int fd = stage.connect();
  stage.send(fd, upgrade_by(key) + client_frame(websocket::Opcode::ping, "1"));
  stage.send(fd, client_frame(websocket::Opcode::ping, "2"));
  stage.serve({key.jwk()});
  stage.settle();
  const std::string received = stage.take_received(fd);
  EXPECT_NE(received.find("HTTP/1.1 101"), std::string::npos);
  EXPECT_NE(received.find("\x8a\x01"
                          "1"),
            std::string::npos)
      << "the pong to the first ping";
  EXPECT_NE(received.find("\x8a\x01"
                          "2"),
            std::string::npos);
  stage.end(fd);
}

TEST(KeyWait, AnUpgradeWaitsForTwoSecondsAtMost) {
  KeySetStage stage;
  stage.begin_fetch();
  stage.ask(upgrade_by(SigningKey::ec("a")));
  stage.run_for(milliseconds(1999));
  EXPECT_EQ(stage.take_received(stage.last_fd), "");
  stage.run_for(milliseconds(1));
  EXPECT_EQ(stage.take_received(stage.last_fd).substr(0, 12), "HTTP/1.1 401");
  EXPECT_EQ(stage.refusals(RefusalReason::no_key_set), 1U);
  EXPECT_EQ(stage.all_refusals(), 1U);
  EXPECT_EQ(stage.waiting(), 0U);
  stage.run_for(seconds(12));
  stage.expect_nothing_left();
}

TEST(KeyWait, AFailedFetchRefusesThoseThatWaitAtOnce) {
  KeySetStage stage;
  stage.begin_fetch();
  stage.ask(upgrade_by(SigningKey::ec("a")));
  stage.fail();
  EXPECT_EQ(stage.take_received(stage.last_fd).substr(0, 12), "HTTP/1.1 401");
  EXPECT_EQ(stage.refusals(RefusalReason::no_key_set), 1U);
}

TEST(KeyWait, AnUnknownKidIsRefusedAtOnceWhenNoFetchIsAllowed) {
  KeySetStage stage;
  const SigningKey key = SigningKey::ec("a");
  stage.begin_fetch();
  stage.serve({key.jwk()});
  EXPECT_EQ(status_of(stage.ask(upgrade_by(SigningKey::ec("b")))), "HTTP/1.1 401");
  EXPECT_EQ(stage.refusals(RefusalReason::token_key), 1U);
  EXPECT_NE(stage.log.lines.back().find("detail=unknown_key: kid \"b\""), std::string::npos)
      << stage.log.lines.back();
  stage.loop.advance(seconds(30));
  EXPECT_EQ(stage.ask(upgrade_by(SigningKey::ec("b"))).head, "") << "waits for the fetch that it has caused";
  EXPECT_EQ(status_of(stage.ask(upgrade_by(key))), "HTTP/1.1 101") << "only the other client waits";
}

TEST(KeyWait, ASecondFetchThatBringsNoKeyRefusesAtOnceAndDoesNotWaitAgain) {
  KeySetStage stage;
  const SigningKey key = SigningKey::ec("a");
  stage.begin_fetch();
  stage.serve({key.jwk()});
  stage.loop.advance(seconds(30));
  stage.ask(upgrade_by(SigningKey::ec("b")));
  stage.begin_fetch();
  stage.serve({key.jwk()});
  EXPECT_EQ(stage.take_received(stage.last_fd).substr(0, 12), "HTTP/1.1 401");
  EXPECT_EQ(stage.refusals(RefusalReason::token_key), 1U);
}

TEST(KeyWait, AlgorithmIssuerAndKidAreRefusedUnderReasonsOfTheirOwn) {
  KeySetStage stage(
      "[keys.id]\nalgorithms = [\"ES256\"]\nissuer = \"https://id\"\njwks_url = "
      "\"https://id.example.com/keys\"\n[[endpoint]]\nprofile = \"orion\"\n");
  const SigningKey key = SigningKey::ec("a");
  stage.begin_fetch();
  stage.serve({key.jwk()});
  stage.ask(orion_upgrade());  // HS256
  EXPECT_EQ(stage.refusals(RefusalReason::token_algorithm), 1U);
  EXPECT_NE(stage.log.lines.back().find("algorithm_refused: alg \"HS256\""), std::string::npos);
  stage.ask(upgrade_by(key, R"({"iss":"https://other"})"));
  EXPECT_EQ(stage.refusals(RefusalReason::token_issuer), 1U);
  EXPECT_NE(stage.log.lines.back().find("unknown_issuer: iss \"https://other\""), std::string::npos);
  stage.ask(upgrade_by(SigningKey::ec("b"), R"({"iss":"https://id"})"));
  EXPECT_EQ(stage.refusals(RefusalReason::token_key), 1U);
  EXPECT_EQ(stage.all_refusals(), 3U);
}

TEST(KeyWait, AClientThatLeavesWhileItWaitsIsForgotten) {
  KeySetStage stage;
  const SigningKey key = SigningKey::ec("a");
  stage.begin_fetch();
  stage.ask(upgrade_by(key));
  stage.reset(stage.last_fd);
  stage.serve({key.jwk()});
  stage.run_for(seconds(12));
  EXPECT_EQ(stage.waiting(), 0U);
  stage.expect_nothing_left();
}

TEST(KeyWait, ADrainThatBeginsMeanwhileRefusesWith503) {
  KeySetStage stage;
  const SigningKey key = SigningKey::ec("a");
  stage.begin_fetch();
  stage.ask(upgrade_by(key));
  stage.admission.begin_drain();
  stage.shard->begin_drain(seconds(8));
  stage.serve({key.jwk()});
  EXPECT_EQ(stage.take_received(stage.last_fd).substr(0, 12), "HTTP/1.1 503");
  EXPECT_EQ(stage.refusals(RefusalReason::draining), 1U);
}

TEST(KeyWait, ManyThatWaitAreJudgedOverSeveralTurns) {
  KeySetStage stage;
  const SigningKey key = SigningKey::ec("a");
  stage.begin_fetch();
  std::vector<int> all;
  for (int i = 0; i < 100; ++i) {
    all.push_back(stage.connect("192.0.2." + std::to_string(i)));
    stage.send(all.back(), upgrade_by(key, R"({"sub":"user-)" + std::to_string(i) + "\"}"));
  }
  EXPECT_EQ(stage.waiting(), 100U);
  stage.serve({key.jwk()});
  EXPECT_EQ(stage.open_connections(), 100U);
  for (const int fd : all) stage.end(fd);
}

TEST(KeyWait, AtMostWaitingMaxWait) {
  KeyWaits waits(3);
  std::vector<KeyWaits::Place> places;
  for (std::uint32_t i = 0; i < 3; ++i) {
    auto place = waits.enter({i, 0}, MonoTime(seconds(1)));
    ASSERT_TRUE(place) << i;
    places.push_back(std::move(*place));
  }
  EXPECT_FALSE(waits.enter({3, 0}, MonoTime(seconds(1))));
  places.pop_back();
  EXPECT_EQ(waits.size(), 2U);
  EXPECT_TRUE(waits.enter({3, 0}, MonoTime(seconds(1))));
}

TEST(KeyWait, EachThatWaitsIsReturnedOnceAfterAFetch) {
  KeyWaits waits(3);
  const auto first = waits.enter({1, 7}, MonoTime(seconds(1)));
  EXPECT_FALSE(waits.take_next());
  waits.judge_all();
  waits.stay({1, 7});  // it is judged, and goes on waiting
  const auto next = waits.take_next();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->index, 1U);
  EXPECT_EQ(next->generation, 7U);
  EXPECT_FALSE(waits.has_next());
  waits.judge_all();
  EXPECT_TRUE(waits.take_next());
  EXPECT_FALSE(waits.take_next());
}

}  // namespace
}  // namespace carillon::gateway::testing
