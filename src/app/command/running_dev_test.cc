// What `carillon listen` reads from the page of a running dev.
#include "app/command/running_dev.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/command/client_command.h"
#include "app/dev/page_state.h"
#include "config/load.h"

namespace carillon::app {
namespace {

using ::testing::ElementsAre;

constexpr std::string_view kHead = R"toml(
[keys.main]
algorithms = ["HS256"]
secret = "0123456789abcdef0123456789abcdef"
[[endpoint]]
profile = "own.toml"
)toml";

// The endpoint of this profile as it is read from the page of a dev that serves it.
config::EndpointSettings endpoint_of(std::string_view profile) {
  const config::Environment environment{
      [](std::string_view) { return std::nullopt; },
      [&](std::string_view) -> Result<std::string> { return std::string(profile); }};
  const config::Loaded loaded = config::load(std::string(kHead), "gateway.toml", environment);
  for (const config::Problem& error : loaded.errors) ADD_FAILURE() << error.text();
  const auto compiled = protocol::compile_endpoints(loaded.settings).endpoints;
  const WallTime now{seconds(1'800'000'000)};
  const Samples samples(compiled);
  const auto endpoints = endpoints_of_dev_state(
      page_state({compiled, loaded.settings, samples, now, now, "memory:", true, ""}) + ",\"nonce\":\"\"}");
  if (!endpoints || endpoints->size() != 1) {
    ADD_FAILURE() << "not one endpoint";
    return {};
  }
  return endpoints->front();
}

TEST(RunningDev, TellsHowClientsSubscribeByCommand) {
  const auto own = endpoint_of(R"toml(
path = "/chat"
subprotocols = ["chat.v1"]
auth = { sources = ["header:X-Token", "query:jwt"] }
source = { channels = ["rooms.*"] }
select.by = "commands"
frames = { event = '$body', error = '{"e":$code}' }
[commands]
name = "/do"
channel_type = "array"
require = { "/v" = "number", "/w" = "string?" }
subscribe = { is = 7, channel = "/rooms" }
unsubscribe = { is = 8, channel = "/rooms" }
)toml");
  EXPECT_EQ(own.name, "own");
  EXPECT_EQ(own.path, "/chat");
  EXPECT_THAT(own.subprotocols, ElementsAre("chat.v1"));
  EXPECT_EQ(own.auth.mode, config::AuthMode::api_key);  // with the token as it is
  ASSERT_EQ(own.auth.api_keys.size(), 1U);
  EXPECT_TRUE(own.auth.api_keys.front().reveal().starts_with("eyJ"));
  ASSERT_EQ(own.auth.sources.size(), 2U);
  EXPECT_EQ(own.auth.sources.front().source, config::TokenSource::header);
  EXPECT_EQ(own.auth.sources.front().name, "X-Token");
  EXPECT_EQ(own.select.by, config::SelectBy::commands);
  EXPECT_EQ(subscribe_command(own.commands, "a"), R"({"v":0,"do":7,"rooms":["a"]})");
}

TEST(RunningDev, TellsHowClientsSelectByQueryAndPath) {
  const std::string rest = "auth.mode = \"none\"\nframes.event = '$body'\nsource.channels = [\"a.*\"]\n";
  const auto by_query =
      endpoint_of("path = \"/a\"\nselect = { by = \"query:kinds\", known = [\"x\"] }\n" + rest);
  EXPECT_EQ(by_query.auth.mode, config::AuthMode::none);
  EXPECT_EQ(by_query.select.by, config::SelectBy::query);
  EXPECT_EQ(by_query.select.parameter, "kinds");
  const auto by_path = endpoint_of("path = \"/a/{room}\"\nselect.by = \"path:room\"\n" + rest);
  EXPECT_EQ(by_path.select.by, config::SelectBy::path);
  EXPECT_EQ(by_path.path, "/a/{room}");
  EXPECT_EQ(endpoint_of("path = \"/a\"\n" + rest).select.by, config::SelectBy::all);
}

TEST(RunningDev, AnAnswerOfSomethingElseIsRefusedAndOddMembersAreIgnored) {
  for (const char* text : {"", "<html>", "[]", "{}", R"({"endpoints":{}})", R"({"endpoints":"x"})"}) {
    EXPECT_FALSE(endpoints_of_dev_state(text).has_value()) << text;
  }
  const auto odd = endpoints_of_dev_state(
      R"({"endpoints":[1,{"name":2,"auth":3,"selection":[],"commands":{"subscribe":4,"require":5}}]})");
  ASSERT_TRUE(odd.has_value());
  EXPECT_EQ(odd->size(), 2U);
}

TEST(RunningDev, TheNumberOfItsEndpointsIsBounded) {
  for (const std::size_t count :
       {config::kEndpointsMax - 1, config::kEndpointsMax, config::kEndpointsMax + 1}) {
    std::string text = "{\"endpoints\":[{}";
    for (std::size_t i = 1; i < count; ++i) text += ",{}";
    EXPECT_EQ(endpoints_of_dev_state(text + "]}")->size(), std::min(count, config::kEndpointsMax));
  }
}

TEST(RunningDev, NothingButThisMachineIsAsked) {
  for (const char* url :
       {"http://192.0.2.1:8000/", "https://127.0.0.1:8000/", "http://127.0.0.1.example:1/"}) {
    EXPECT_FALSE(running_dev_config(*parse_web_url(url, "http", "https")).has_value()) << url;
  }
}

}  // namespace
}  // namespace carillon::app
