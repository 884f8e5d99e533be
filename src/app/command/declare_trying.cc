// The verbs with which a gateway is tried.
#include <CLI/CLI.hpp>
#include <memory>

#include "app/command/declare.h"
#include "app/command/verbs.h"

namespace carillon::app {
namespace {

void declare_token(CLI::App& app, Run& run) {
  CLI::App* token = app.add_subcommand("token", "Mint a token with the secret in CARILLON_JWT_SECRET");
  describe(*token, "Try", "carillon token --sub ada --ttl 3600");
  auto arguments = std::make_shared<TokenArguments>();
  token->add_option("--sub", arguments->subject, "The user (sub) of the token")->capture_default_str();
  token->add_option("--ttl", arguments->ttl_s, "Seconds until it expires")
      ->check(CLI::Range(1, 31'536'000))
      ->capture_default_str();
  token->add_option("--claims", arguments->claims, "More claims, as a JSON object");
  token->callback([&run, arguments] { run = [arguments] { return run_token(*arguments); }; });
}

void declare_publish(CLI::App& app, Run& run) {
  CLI::App* publish = app.add_subcommand("publish", "Publish an event, with the key in CARILLON_API_KEY");
  describe(*publish, "Try", R"(carillon publish news.created '{"id":"42"}')");
  auto arguments = std::make_shared<PublishArguments>();
  publish->add_option("--url", arguments->url, "The gateway")->capture_default_str();
  publish->add_option("channel", arguments->channel, "e.g. orion.content.created")->required();
  publish->add_option("data", arguments->data, "The event, as JSON")->required();
  publish->callback([&run, arguments] { run = [arguments] { return run_publish(*arguments); }; });
}

}  // namespace

void declare_trying(CLI::App& app, Run& run) {
  declare_token(app, run);
  declare_publish(app, run);
}

}  // namespace carillon::app
