// The verbs that serve clients, and the one that checks what they would serve.
#include <CLI/CLI.hpp>
#include <memory>

#include "app/command/declare.h"
#include "app/command/verbs.h"

namespace carillon::app {
namespace {

void declare_serve(CLI::App& app, Run& run) {
  CLI::App* serve = app.add_subcommand("serve", "Serve clients with a configuration file");
  describe(*serve, "Serve", "carillon serve /etc/carillon/carillon.toml");
  auto arguments = std::make_shared<ServeArguments>();
  add_config(*serve, arguments->config_file, Config::needed);
  serve->add_flag("--takeover", arguments->takeover,
                  "Take over from the running process, without a client that is refused");
  serve->callback([&run, arguments] { run = [arguments] { return run_serve(*arguments); }; });
}

void declare_check(CLI::App& app, Run& run) {
  CLI::App* check = app.add_subcommand("check", "Check a configuration file and list every mistake");
  describe(*check, "Serve", "carillon check gateway.toml");
  auto arguments = std::make_shared<CheckArguments>();
  add_config(*check, arguments->config_file, Config::needed);
  check->add_flag("--json", arguments->json, "Print errors, warnings and notes as a JSON object");
  check->callback([&run, arguments] { run = [arguments] { return run_check(*arguments); }; });
}

// --name and --no-name, which counts when both are given; without either the value stays empty.
void add_switch(CLI::App& verb, const std::string& name, std::optional<bool>& value, const std::string& on,
                const std::string& off) {
  verb.add_flag_callback(
      "--" + name, [&value] { value = true; }, on);
  verb.add_flag_callback(
      "--no-" + name, [&value] { value = false; }, off);
}

void declare_dev(CLI::App& app, Run& run) {
  CLI::App* dev = app.add_subcommand(
      "dev", "Serve the built-in protocols and your own while you write it, with commands to paste");
  describe(*dev, "Serve", "carillon dev --profile mine.toml");
  auto arguments = std::make_shared<DevArguments>();
  dev->add_option("--profile", arguments->profiles,
                  "File of a protocol of your own, served as well; may be given several times")
      ->type_name("FILE");
  dev->add_option("-c,--config", arguments->config_file,
                  "Serve this configuration file instead of the built-in protocols")
      ->type_name("FILE");
  add_switch(*dev, "watch", arguments->watch, "Apply every change of these files at once (the default)",
             "Apply no change of them");
  dev->add_option("--bus", arguments->bus, "The bus, such as redis://127.0.0.1:6379; default memory:");
  dev->add_option("--listen", arguments->listen, "Address and port; default 127.0.0.1:8000 and [::1]:8000");
  add_switch(*dev, "samples", arguments->samples,
             "Publish a sample event per second and protocol (the default on memory:)",
             "Publish none (the default on any other bus)");
  dev->add_option("--log-level", arguments->log_level, "debug, info, warning or error; default warning");
  dev->callback([&run, arguments] { run = [arguments] { return run_dev(*arguments); }; });
}

}  // namespace

void declare_serving(CLI::App& app, Run& run) {
  declare_dev(app, run);
  declare_serve(app, run);
  declare_check(app, run);
}

}  // namespace carillon::app
