// What is fetched when, and what the log shows of it; on fake time, with a fetcher that the test answers.
#include "gateway/key_set_updater.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/testing/signing_key.h"
#include "gateway/testing/recording_log.h"
#include "reactor/testing/fake_loop.h"

namespace carillon::gateway::testing {
namespace {

using auth::FetchedDocument;
using auth::FetchError;
using auth::FetchFault;
using auth::FetchRequest;
using auth::FetchResult;
using auth::testing::jwks_of;
using auth::testing::SigningKey;
using ::testing::HasSubstr;

class FakeFetcher final : public auth::KeySetFetcher {
 public:
  struct Asked {
    FetchRequest request;
    std::function<void(FetchResult)> done;
  };
  explicit FakeFetcher(std::vector<Asked>& asked) : asked_(asked) {}
  void fetch(FetchRequest request, std::function<void(FetchResult)> done) override {
    asked_.push_back({std::move(request), std::move(done)});
  }

 private:
  std::vector<Asked>& asked_;
};

config::KeySettings key_of(const std::string& name) {
  config::KeySettings key;
  key.name = name;
  key.algorithms = {"ES256"};
  key.jwks_url = "https://" + name + ".example.com/keys";
  return key;
}

class UpdaterStage {
 public:
  explicit UpdaterStage(const std::vector<config::KeySettings>& keys = {key_of("a")}) {
    EXPECT_TRUE(updater.configure(keys));
    updater.start(loop);
  }
  // Answers the oldest fetch.
  void answer(FetchResult result) {
    auto first = std::move(asked.front());
    asked.erase(asked.begin());
    first.done(std::move(result));
    loop.settle();
  }
  void serve(const std::vector<std::string>& keys) { answer(FetchedDocument{jwks_of(keys), std::nullopt}); }
  void fail() { answer(tl::unexpected(FetchError{FetchFault::status, "the server answered 500"})); }
  std::vector<std::string> urls() const {
    std::vector<std::string> all;
    for (const auto& each : asked) all.push_back(each.request.url);
    return all;
  }

  std::vector<FakeFetcher::Asked> asked;
  int fetchers = 0;
  int ended = 0;
  RecordingLog log;
  reactor::FakeLoop loop;
  KeySetUpdater updater{[this]() -> Result<std::unique_ptr<auth::KeySetFetcher>> {
                          ++fetchers;
                          return std::make_unique<FakeFetcher>(asked);
                        },
                        log, [this] { ++ended; }};
  const auth::KeyStore& store = updater.store();
};

TEST(KeySetUpdater, NothingIsMadeWithoutAKeySetThatIsFetched) {
  config::KeySettings secret;
  secret.name = "main";
  UpdaterStage stage({secret});
  EXPECT_EQ(stage.fetchers, 0);
  EXPECT_EQ(stage.loop.next_timer(), MonoTime::max());
}

TEST(KeySetUpdater, EachSetIsFetchedAtTheStartIndependentlyOfTheOthers) {
  UpdaterStage stage({key_of("a"), key_of("b")});
  EXPECT_EQ(stage.fetchers, 1);
  EXPECT_THAT(stage.urls(),
              ::testing::ElementsAre("https://a.example.com/keys", "https://b.example.com/keys"));
  auto second = std::move(stage.asked.back());
  second.done(FetchedDocument{jwks_of({SigningKey::ec("x").jwk()}), std::nullopt});
  stage.loop.settle();
  EXPECT_EQ(stage.store.slots()[0]->keys(), nullptr) << "the slow one";
  EXPECT_NE(stage.store.slots()[1]->keys(), nullptr);
  EXPECT_EQ(stage.ended, 1);
}

TEST(KeySetUpdater, ChangesAreLoggedWithWhatWasAddedAndRemoved) {
  UpdaterStage stage;
  const SigningKey a = SigningKey::ec("a");
  const SigningKey b = SigningKey::ec("b");
  stage.serve({a.jwk()});
  EXPECT_THAT(stage.log.lines.back(), HasSubstr("key set changed key=a source=https://a.example.com/keys"));
  EXPECT_EQ(stage.log.records.back().fields["added"], "a");
  stage.loop.advance(seconds(2880));
  stage.serve({a.jwk()});
  EXPECT_EQ(stage.log.lines.size(), 1U) << "the same keys again";
  stage.loop.advance(seconds(2880));
  stage.serve({b.jwk(), R"({"kty":"oct","kid":"s","k":"AA"})"});
  EXPECT_EQ(stage.log.records.back().fields["added"], "b");
  EXPECT_EQ(stage.log.records.back().fields["removed"], "a");
  EXPECT_EQ(stage.log.records.back().level, LogLevel::warning) << "the set has a secret";
  EXPECT_EQ(stage.ended, 3);
}

TEST(KeySetUpdater, FailuresAreRepeatedAndLoggedAndCausedByNoToken) {
  UpdaterStage stage;
  stage.fail();
  EXPECT_THAT(stage.log.lines.back(), HasSubstr("a key set could not be fetched"));
  EXPECT_EQ(stage.log.records.back().fields["outcome"], "status");
  EXPECT_EQ(stage.log.records.back().fields["keys"], "0");
  EXPECT_TRUE(stage.asked.empty());
  stage.loop.advance(seconds(30));
  EXPECT_EQ(stage.asked.size(), 1U);
  EXPECT_EQ(stage.ended, 1);
}

// F23
TEST(KeySetUpdater, TenThousandUnknownKidsCauseOneFetchInEachInterval) {
  UpdaterStage stage;
  stage.serve({SigningKey::ec("a").jwk()});
  auth::KeySetSlot& slot = *stage.store.slots().front();
  std::size_t fetches = 0;
  for (int i = 0; i < 10'000; ++i) {  // one each 10 ms: 100 s
    if (slot.ask(stage.loop.now())) stage.store.wake();
    stage.loop.advance(milliseconds(10));
    ASSERT_LE(stage.asked.size(), 1U);
    if (stage.asked.empty()) continue;
    ++fetches;
    stage.serve({SigningKey::ec("a").jwk()});
  }
  EXPECT_EQ(fetches, 3U) << "at 30, 60 and 90 s";
}

TEST(KeySetUpdater, KeysThatAreTooOldAreDroppedAndLogged) {
  UpdaterStage stage;
  stage.serve({SigningKey::ec("a").jwk()});
  for (int i = 0; i < 26 * 60; ++i) {
    stage.loop.advance(std::chrono::minutes(1));
    while (!stage.asked.empty()) stage.fail();
  }
  EXPECT_EQ(stage.store.slots().front()->keys(), nullptr);
  const auto& lines = stage.log.lines;
  EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
    return line.find("too old and no longer used") != std::string::npos;
  }));
}

TEST(KeySetUpdater, NewSettingsFetchOnlyWhatIsNew) {
  UpdaterStage stage;
  stage.serve({SigningKey::ec("a").jwk()});
  ASSERT_TRUE(stage.updater.configure({key_of("a"), key_of("b")}));
  EXPECT_THAT(stage.urls(), ::testing::ElementsAre("https://b.example.com/keys"));
  EXPECT_NE(stage.store.find(key_of("a"))->keys(), nullptr);
  EXPECT_EQ(stage.fetchers, 1);
}

TEST(KeySetUpdater, AMissingFetcherIsAnErrorThatNamesTheKey) {
  RecordingLog log;
  KeySetUpdater updater(
      []() -> Result<std::unique_ptr<auth::KeySetFetcher>> { return failure("needs libcurl"); }, log, [] {});
  auto key = key_of("a");
  key.origin = {"gateway.toml", 3};
  const auto made = updater.configure({key});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message, "gateway.toml:3: keys.a: needs libcurl");
  EXPECT_TRUE(updater.store().slots().empty());
}

}  // namespace
}  // namespace carillon::gateway::testing
