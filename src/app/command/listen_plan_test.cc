#include "app/command/listen_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carillon::app {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr WallTime kDialledAt{seconds(1'800'000'000)};

// One endpoint "live" on /live with these places of a token, and a secret.
ClientConfig config_with(std::vector<config::TokenPlace> places) {
  ClientConfig config;
  config.source = "gateway.toml";
  config.settings.server.listen = {{"0.0.0.0", 9000, {}}};
  config::KeySettings& key = config.settings.keys.emplace_back();
  key.name = "main";
  key.algorithms = {"HS256"};
  key.secret = Secret("0123456789abcdef0123456789abcdef");
  config::EndpointSettings& endpoint = config.settings.endpoints.emplace_back();
  endpoint.name = "live";
  endpoint.path = "/live";
  endpoint.auth.sources = std::move(places);
  return config;
}

ListenArguments arguments_for(std::string url, std::string endpoint = {}) {
  ListenArguments arguments;
  arguments.url = std::move(url);
  arguments.endpoint = std::move(endpoint);
  return arguments;
}

ListenCall call_with(const ListenArguments& arguments, const ClientConfig* config) {
  const auto plan = ListenPlan::make(arguments, config);
  return plan ? plan->call(kDialledAt).value_or(ListenCall{}) : ListenCall{};
}

std::string plan_fault(const ListenArguments& arguments, const ClientConfig* config) {
  const auto plan = ListenPlan::make(arguments, config);
  if (!plan) return plan.error().message;
  const auto call = plan->call(kDialledAt);
  return call ? "" : call.error().message;
}

TEST(ListenPlan, TheTokenIsWhereTheEndpointLooksForItFirst) {
  const ClientConfig query =
      config_with({{config::TokenSource::query, "jwt"}, {config::TokenSource::bearer, ""}});
  const ListenCall in_query = call_with(arguments_for("", "live"), &query);
  EXPECT_THAT(in_query.url.target, StartsWith("/live?jwt=eyJ"));
  EXPECT_EQ(in_query.url.authority(), "127.0.0.1:9000");
  EXPECT_EQ(in_query.shown(), "ws://127.0.0.1:9000/live");
  const ClientConfig bearer = config_with({{config::TokenSource::bearer, ""}});
  const ListenCall in_header = call_with(arguments_for("", "live"), &bearer);
  EXPECT_EQ(in_header.url.target, "/live");
  ASSERT_EQ(in_header.headers.size(), 1U);
  EXPECT_EQ(in_header.headers.front().second, "Bearer " + in_header.secret);
  const ClientConfig own = config_with({{config::TokenSource::header, "X-Token"}});
  EXPECT_EQ(call_with(arguments_for("", "live"), &own).headers.front().first, "X-Token");
}

TEST(ListenPlan, WithAUrlAloneTheTokenIsAParameter) {
  ListenArguments arguments = arguments_for("ws://example.com/ws?a=1");
  arguments.token = "t&t";
  EXPECT_EQ(call_with(arguments, nullptr).url.target, "/ws?a=1&token=t%26t");
  EXPECT_EQ(call_with(arguments_for("ws://example.com/ws"), nullptr).url.target, "/ws");
}

TEST(ListenPlan, AUrlWithAnEndpointSaysOnlyWhereTheGatewayIs) {
  const ClientConfig config = config_with({{config::TokenSource::bearer, ""}});
  const ListenCall call = call_with(arguments_for("wss://push.example.com", "live"), &config);
  EXPECT_EQ(call.shown(), "wss://push.example.com/live");
  EXPECT_EQ(call.trust.certificate_pem, "");
}

TEST(ListenPlan, ASelectionIsAParameterOrACommand) {
  ClientConfig config = config_with({{config::TokenSource::bearer, ""}});
  ListenArguments arguments = arguments_for("", "live");
  arguments.channels = {"a", "b c"};
  EXPECT_THAT(plan_fault(arguments, &config), HasSubstr("receive every event"));
  config.settings.endpoints.front().select.by = config::SelectBy::query;
  config.settings.endpoints.front().select.parameter = "types";
  EXPECT_EQ(call_with(arguments, &config).url.target, "/live?types=a,b%20c");
  config.settings.endpoints.front().select.by = config::SelectBy::commands;
  EXPECT_THAT(plan_fault(arguments, &config), HasSubstr("commands.subscribe.is"));
  config.settings.endpoints.front().commands.name = "/cmd";
  config.settings.endpoints.front().commands.subscribe = {"sub", "/ch", ""};
  EXPECT_EQ(call_with(arguments, &config).hellos,
            (std::vector<std::string>{R"({"cmd":"sub","ch":"a"})", R"({"cmd":"sub","ch":"b c"})"}));
}

TEST(ListenPlan, WithoutASecretATokenIsNeeded) {
  ClientConfig config = config_with({{config::TokenSource::bearer, ""}});
  config.settings.keys.front().secret = {};
  EXPECT_THAT(plan_fault(arguments_for("", "live"), &config),
              HasSubstr("give a token of its issuer with --token"));
  config.settings.endpoints.front().auth.mode = config::AuthMode::none;
  EXPECT_EQ(plan_fault(arguments_for("", "live"), &config), "");
  config.settings.endpoints.front().auth.mode = config::AuthMode::api_key;
  config.settings.endpoints.front().auth.api_keys.emplace_back("client-key");
  EXPECT_EQ(call_with(arguments_for("", "live"), &config).secret, "client-key");
}

TEST(ListenPlan, AnErrorElsewhereInTheConfigurationDoesNotMatter) {
  ClientConfig config = config_with({{config::TokenSource::bearer, ""}});
  config.errors = {{{"gateway.toml", 3}, "api.keys[0]", "is not set"}};
  EXPECT_EQ(plan_fault(arguments_for("", "live"), &config), "");
  config.errors = {{{"gateway.toml", 3}, "endpoint[0].path", "is missing"}};
  EXPECT_EQ(plan_fault(arguments_for("", "live"), &config), "gateway.toml:3: endpoint[0].path: is missing");
}

}  // namespace
}  // namespace carillon::app
