#include "app/dev/page_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"
#include "json/reader.h"

namespace carillon::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kHead = R"toml(
[keys.main]
algorithms = ["HS256"]
secret = "0123456789abcdef0123456789abcdef"
[api]
keys = ["the-key-of-the-publish-api-0001", "the-key-of-the-publish-api-0002"]
[[endpoint]]
profile = "own.toml"
)toml";

constexpr std::string_view kChat = R"toml(
path = "/chat"
auth = { sources = ["query:jwt", "header:X-Token"] }
source = { broadcast = ["all"], channels = ["rooms.*"] }
select.by = "commands"
frames = { event = '$body', error = '{"e":$code}', ping = '{"p":1}' }
[commands]
name = "/do"
require = { "/v" = "number", "/w" = "string?" }
subscribe = { is = "join", channel = "/room/name" }
unsubscribe = { is = "leave", channel = "/room/name" }
)toml";

// The state of a gateway with one protocol of the user's own.
std::string state_with(std::string_view profile) {
  const config::Environment environment{
      [](std::string_view) { return std::nullopt; },
      [&](std::string_view) -> Result<std::string> { return std::string(profile); }};
  const config::Loaded loaded = config::load(std::string(kHead), "gateway.toml", environment);
  for (const config::Problem& error : loaded.errors) ADD_FAILURE() << error.text();
  const auto endpoints = protocol::compile_endpoints(loaded.settings).endpoints;
  const WallTime minted{seconds(1'800'000'000)};
  const Samples samples(endpoints);
  std::string state = page_state({endpoints, loaded.settings, samples, minted, minted, "memory:", true, ""}) +
                      ",\"nonce\":\"\"}";
  EXPECT_TRUE(json::parse(state).has_value()) << state;
  return state;
}

TEST(PageState, DescribesAProtocolOfTheUsersOwn) {
  const std::string state = state_with(kChat);
  EXPECT_THAT(state, HasSubstr(R"("name":"own","profile":"own","path":"/chat","receives":true)"));
  EXPECT_THAT(state, HasSubstr(R"("ping":"{\"p\":1}")"));
  EXPECT_THAT(state, HasSubstr(R"("auth":{"token":"eyJ)"));
  EXPECT_THAT(state, HasSubstr(R"("places":[{"in":"query","name":"jwt"},{"in":"header","name":"X-Token"}])"));
  EXPECT_THAT(state, HasSubstr(R"("samples":[{"channel":"all","data":{"n":1,"text":"A sample event"}}])"));
}

TEST(PageState, HasTheShapesOfTheCommandsAndAChannelToSubscribeTo) {
  EXPECT_THAT(state_with(kChat),
              HasSubstr(R"("commands":{"name":"/do","subscribe":{"is":"join","channel":"/room/name"},)"
                        R"("unsubscribe":{"is":"leave","channel":"/room/name"},"channel":"sample",)"
                        R"("require":[{"pointer":"/v","type":"number"}]})"));
}

TEST(PageState, HasTheListThatSelectsEvents) {
  EXPECT_THAT(state_with("path = \"/a\"\nauth.mode = \"none\"\nsource.channels = [\"a.*\"]\n"
                         "frames.event = '$body'\n"
                         "select = { by = \"query:kinds\", known = [\"x\", \"y\"], otherwise = [\"x\"] }\n"),
              HasSubstr(R"("select":{"parameter":"kinds","known":["x","y"],"otherwise":["x"]})"));
}

TEST(PageState, HasNoAuthenticationWhereThereIsNone) {
  const std::string state =
      state_with("path = \"/a\"\nauth.mode = \"none\"\nsource.channels = [\"a\"]\nframes.event = '$body'\n");
  EXPECT_THAT(state, Not(HasSubstr("\"auth\"")));
  EXPECT_THAT(state, Not(HasSubstr("\"commands\"")));
  EXPECT_THAT(state, Not(HasSubstr("\"select\"")));
}

TEST(PageState, NeverHasAKeyOfThePublishApi) {
  EXPECT_THAT(state_with(kChat), Not(HasSubstr("the-key-of-the-publish-api")));
  const std::string shared =
      "path = \"/a\"\nsource.channels = [\"a\"]\nframes.event = '$body'\n"
      "auth = { mode = \"api_key\", sources = [\"query:key\"], api_keys = "
      "[\"the-key-of-the-publish-api-0001\"] }\n";
  EXPECT_THAT(state_with(shared), Not(HasSubstr("the-key-of-the-publish-api")));
  EXPECT_THAT(state_with(shared), HasSubstr(R"("auth":{"places":[{"in":"query","name":"key"}]})"));
}

}  // namespace
}  // namespace carillon::app
