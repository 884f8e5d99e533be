#include "app/dev/screen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "auth/base64url.h"

namespace carillon::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr WallTime kMinted{seconds(1'800'000'000)};

// One endpoint "live" with the path /live whose token is looked for in these places.
config::Settings settings_with(std::vector<config::TokenPlace> places) {
  config::Settings settings;
  settings.server.listen = {{"127.0.0.1", 8000, {}}};
  config::KeySettings& key = settings.keys.emplace_back();
  key.name = "main";
  key.algorithms = {"HS256"};
  key.secret = Secret("0123456789abcdef0123456789abcdef");
  config::EndpointSettings& endpoint = settings.endpoints.emplace_back();
  endpoint.name = "live";
  endpoint.path = "/live";
  endpoint.auth.sources = std::move(places);
  return settings;
}

const config::TokenPlace kQuery{config::TokenSource::query, "jwt"};
const config::TokenPlace kBearer{config::TokenSource::bearer, ""};

std::vector<config::Change> changes_of(const std::vector<std::string>& keys) {
  std::vector<config::Change> changes;
  for (const std::string& key : keys) changes.push_back({key, "1", "2", config::Applies::at_reload});
  return changes;
}

TEST(DevUrls, HaveTheTokenWhereTheEndpointLooksForIt) {
  const DevUrls urls(settings_with({kBearer, kQuery}), "127.0.0.1:8000", kMinted);
  EXPECT_THAT(urls.token(), StartsWith("eyJ"));
  EXPECT_EQ(urls.of("live"), "ws://127.0.0.1:8000/live?jwt=" + urls.token());
  EXPECT_EQ(urls.lines_since({}), "  live       ws://127.0.0.1:8000/live?jwt=TOKEN\n");
}

TEST(DevUrls, AreTheSameForTokensOfTheSameTime) {
  const config::Settings settings = settings_with({kQuery});
  EXPECT_EQ(DevUrls(settings, "127.0.0.1:1", kMinted).lines_since({settings, "127.0.0.1:1", kMinted}), "");
}

TEST(DevUrls, SayWhatTheyCannotHold) {
  config::Settings settings = settings_with({kBearer});
  EXPECT_THAT(DevUrls(settings, "127.0.0.1:8000", kMinted).lines_since({}),
              HasSubstr("/live   (with the token in a header)"));
  settings.keys.front().algorithms = {"ES256"};
  EXPECT_THAT(DevUrls(settings, "127.0.0.1:8000", kMinted).lines_since({}),
              HasSubstr("/live   (with a token of its issuer)"));
  settings.endpoints.front().auth.mode = config::AuthMode::none;
  EXPECT_EQ(DevUrls(settings, "127.0.0.1:8000", kMinted).lines_since({}),
            "  live       ws://127.0.0.1:8000/live\n");
}

TEST(DevUrls, OfAPathWithAParameterNameOneThatReceivesTheSamples) {
  config::Settings settings = settings_with({kQuery});
  settings.endpoints.front().auth.mode = config::AuthMode::none;
  settings.endpoints.front().path = "/rooms/{room}/live";
  settings.endpoints.front().select.by = config::SelectBy::path;
  settings.endpoints.front().select.parameter = "room";
  EXPECT_EQ(DevUrls(settings, "127.0.0.1:8000", kMinted).lines_since({}),
            "  live       ws://127.0.0.1:8000/rooms/sample/live\n");
}

TEST(DevUrls, HaveATokenWithTheClaimThatSelects) {
  config::Settings settings = settings_with({kQuery});
  settings.endpoints.front().select.by = config::SelectBy::claim;
  settings.endpoints.front().select.parameter = "rooms";
  const auto token = token_for(settings.endpoints.front(), settings, kMinted);
  ASSERT_TRUE(token.has_value());
  const std::size_t payload = token->find('.') + 1;
  std::string claims;
  ASSERT_TRUE(auth::decode_base64url(token->substr(payload, token->rfind('.') - payload), claims));
  EXPECT_THAT(claims, HasSubstr(R"("rooms":"sample")"));
}

TEST(DevUrls, BeginWithAnAddressThatClientsCanConnectTo) {
  EXPECT_EQ(reachable("0.0.0.0:8000"), "127.0.0.1:8000");
  EXPECT_EQ(reachable("[::]:8000"), "[::1]:8000");
  EXPECT_EQ(reachable("10.0.0.1:8000"), "10.0.0.1:8000");
}

TEST(DevUrls, HaveAPageWhereABrowserOfThisMachineFindsOne) {
  config::Settings settings = settings_with({kQuery});
  EXPECT_TRUE(DevUrls(settings, "0.0.0.0:8000", kMinted).has_page());
  EXPECT_FALSE(DevUrls(settings, "10.0.0.1:8000", kMinted).has_page());
  settings.endpoints.front().path = "/";
  EXPECT_FALSE(DevUrls(settings, "127.0.0.1:8000", kMinted).has_page());
}

TEST(DevScreen, SaysWhatTheBusDoes) {
  const DevUrls urls;
  DevScreen screen{
      urls, "127.0.0.1:8000", "redis://127.0.0.1:6379", "connection refused", {}, {}, {}, {}, {}, {}, false};
  EXPECT_THAT(text_of(screen),
              HasSubstr("The bus does not answer (connection refused). Carillon goes on trying.\n"));
  EXPECT_THAT(text_of(screen), HasSubstr("No sample events are published; --samples publishes some."));
  screen.bus_fault.clear();
  EXPECT_THAT(text_of(screen), Not(HasSubstr("does not answer")));
}

TEST(DevScreen, HasTheTokenOnce) {
  const DevUrls urls(settings_with({kQuery}), "127.0.0.1:8000", kMinted);
  const DevScreen screen{
      urls, "127.0.0.1:8000", "memory:", {}, {}, {}, {}, {}, "live", "carillon listen --endpoint live"};
  const std::string text = text_of(screen);
  EXPECT_EQ(text.find(urls.token()), text.rfind(urls.token()));
  EXPECT_THAT(text, HasSubstr("TOKEN is, for a week:\n" + urls.token() + "\n"));
  EXPECT_THAT(text, HasSubstr("Receive events in another terminal:\ncarillon listen --endpoint live\n"));
}

TEST(DevScreen, HasAnEventThatAShellTakesAsItIs) {
  const DevUrls urls;
  const DevScreen screen{
      urls, "127.0.0.1:8000", "memory:", {}, {}, {}, "key", Sample{"a", R"({"x":"it's"})"}, "live"};
  EXPECT_THAT(text_of(screen), HasSubstr(R"(-d '{"channel":"a","data":{"x":"it'\''s"}}')"));
}

TEST(ChangeText, NamesTheFilesAndTheKeysAsTheyAreWrittenInThem) {
  EXPECT_EQ(change_text({"profiles/mine.toml"}, changes_of({"endpoint[mine].frames.event"})),
            "profiles/mine.toml changed: frames.event");
  EXPECT_EQ(change_text({"gateway.toml"}, changes_of({"server.drain", "endpoint[mine].path"})),
            "gateway.toml changed: server.drain, endpoint[mine].path");
  EXPECT_EQ(change_text({"mine.toml"}, {}), "mine.toml changed: its settings are those that are served");
}

TEST(ChangeText, NamesAtMostFiveKeys) {
  EXPECT_EQ(change_text({"a.toml"}, changes_of({"1", "2", "3", "4", "5", "6", "7"})),
            "a.toml changed: 1, 2, 3, 4, 5 and 2 more");
}

TEST(ChangeText, CountsTheClientsThatARestartCloses) {
  EXPECT_EQ(restart_text(0), "; restarted, while no client was connected");
  EXPECT_EQ(restart_text(1), "; restarted, 1 client closed");
  EXPECT_EQ(restart_text(2), "; restarted, 2 clients closed");
}

TEST(MistakesText, ShowsEachMistakeAndIsBounded) {
  EXPECT_EQ(
      mistakes_text({"mine.toml"}, {"mine.toml:2: pth: unknown key"}),
      "mine.toml has a mistake, and the version before goes on serving:\n  mine.toml:2: pth: unknown key\n");
  const std::string text = mistakes_text({"mine.toml"}, std::vector<std::string>(200, "mine.toml:1: x"));
  EXPECT_THAT(text, ::testing::EndsWith("\n  and 180 more; fix these first\n"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 22);
}

}  // namespace
}  // namespace carillon::app
