// The verbs with which a gateway is tried.
#include <CLI/CLI.hpp>
#include <memory>

#include "app/command/declare.h"
#include "app/command/verbs.h"
#include "app/config_path.h"

namespace carillon::app {
namespace {

void add_ca_file(CLI::App& verb, std::string& file) {
  verb.add_option("--ca-file", file,
                  "Certificate authorities to trust, in PEM; default: those of this machine")
      ->type_name("FILE");
}

// Where none is given the verb looks for one itself, because it can do without.
void add_optional_config(CLI::App& verb, std::string& file, const std::string& what_for) {
  verb.add_option("-c,--config", file,
                  what_for + "; default: " + default_config_paths() + ", else that of carillon dev")
      ->type_name("FILE");
}

void declare_listen(CLI::App& app, Run& run) {
  CLI::App* listen =
      app.add_subcommand("listen", "Print what a WebSocket endpoint sends, and send what is typed");
  describe(*listen, "Try",
           "carillon listen --endpoint NAME --subscribe room:1\n  carillon listen wss://push.example.com/ws "
           "--json");
  auto arguments = std::make_shared<ListenArguments>();
  listen
      ->add_option("url", arguments->url,
                   "e.g. ws://127.0.0.1:8000/ws; with --endpoint, where the gateway is")
      ->type_name("URL");
  listen
      ->add_option(
          "--endpoint", arguments->endpoint,
          "Endpoint of the configuration, or of a running carillon dev: its path, token and commands "
          "are used")
      ->type_name("NAME");
  add_optional_config(*listen, arguments->config_file, "Configuration with the endpoint");
  listen->add_option("--token", arguments->token,
                     "Token to present; default: one from the configuration's secret");
  listen->add_option("--sub", arguments->subject, "The user (sub) of that one")->capture_default_str();
  listen->add_option("--subscribe", arguments->channels, "Channel to subscribe to; may be repeated")
      ->type_name("CHANNEL")
      ->expected(1)
      ->take_all();
  listen->add_option("--count", arguments->count, "End after this many messages; default: never");
  listen->add_flag("--json", arguments->json, "Print one JSON object per message, and nothing else");
  listen->add_flag_callback(
      "--no-reconnect", [arguments] { arguments->reconnect = false; }, "End when the connection ends");
  add_ca_file(*listen, arguments->ca_file);
  listen->callback([&run, arguments] { run = [arguments] { return run_listen(*arguments); }; });
}

void declare_publish(CLI::App& app, Run& run) {
  CLI::App* publish = app.add_subcommand("publish", "Publish events through the HTTP API");
  describe(*publish, "Try",
           "carillon publish news.created '{\"id\":\"42\"}'\n  carillon publish --lines < events.jsonl");
  auto arguments = std::make_shared<PublishArguments>();
  publish->add_option(
      "--url", arguments->url,
      "The gateway; default: the first server.listen of the configuration, or http://127.0.0.1:8000");
  add_optional_config(*publish, arguments->config_file,
                      "Configuration with the address, and the key unless CARILLON_API_KEY is set");
  add_ca_file(*publish, arguments->ca_file);
  publish->add_option("channel", arguments->channel, "e.g. orion.content.created");
  publish->add_option("data", arguments->data, "The event, as JSON; \"-\": read it from standard input");
  publish->add_flag(
      "--lines", arguments->lines,
      R"(Read one event per line: {"channel":NAME,"data":JSON}, or with a channel given its data alone)");
  publish->callback([&run, arguments] { run = [arguments] { return run_publish(*arguments); }; });
}

}  // namespace

void declare_trying(CLI::App& app, Run& run) {
  declare_listen(app, run);
  declare_publish(app, run);
}

}  // namespace carillon::app
