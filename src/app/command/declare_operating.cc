// The verbs for those who operate a gateway.
#include <CLI/CLI.hpp>
#include <memory>

#include "app/command/declare.h"
#include "app/command/diagnosis.h"
#include "app/command/verbs.h"

namespace carillon::app {
namespace {

// --control, which makes the configuration file unnecessary.
void add_control(CLI::App& verb, ControlArguments& arguments) {
  add_config(verb, arguments.config_file, Config::optional);
  verb.add_option("--control", arguments.control,
                  "Path of the gateway's control socket; default: server.control of the configuration")
      ->type_name("PATH");
}

void require_gateway(const ControlArguments& arguments) {
  if (arguments.config_file.empty() && arguments.control.empty()) throw no_config("--control PATH");
}

void declare_reload(CLI::App& app, Run& run) {
  CLI::App* reload = app.add_subcommand("reload", "Have a running gateway read its configuration again");
  describe(*reload, "Operate", "carillon reload /etc/carillon/carillon.toml");
  auto arguments = std::make_shared<ControlArguments>();
  add_control(*reload, *arguments);
  reload->add_flag("--close", arguments->close, "Also close the clients whose key is gone");
  reload->callback([&run, arguments] {
    require_gateway(*arguments);
    run = [arguments] { return run_reload(*arguments); };
  });
}

void declare_takeover(CLI::App& app, Run& run) {
  CLI::App* takeover =
      app.add_subcommand("takeover", "Start this program as the successor of the running gateway");
  describe(*takeover, "Operate", "carillon takeover /etc/carillon/carillon.toml");
  auto arguments = std::make_shared<ControlArguments>();
  add_config(*takeover, arguments->config_file, Config::needed);
  takeover->callback([&run, arguments] { run = [arguments] { return run_takeover(*arguments); }; });
}

void declare_healthcheck(CLI::App& app, Run& run) {
  CLI::App* healthcheck =
      app.add_subcommand("healthcheck", "Tell whether a gateway is ready: exit code 0, otherwise 1 and why");
  describe(*healthcheck, "Operate", "carillon healthcheck --url http://127.0.0.1:8000");
  auto arguments = std::make_shared<HealthcheckArguments>();
  add_control(*healthcheck, arguments->gateway);
  healthcheck
      ->add_option(
          "--url", arguments->url,
          "Ask this gateway over HTTP instead; default without a configuration: http://127.0.0.1:8000")
      ->type_name("URL");
  healthcheck->callback([&run, arguments] { run = [arguments] { return run_healthcheck(*arguments); }; });
}

void declare_doctor(CLI::App& app, Run& run) {
  CLI::App* doctor =
      app.add_subcommand("doctor", "Check what this machine lacks to hold a number of connections");
  describe(*doctor, "Operate", "carillon doctor --connections 100000");
  auto arguments = std::make_shared<DoctorArguments>();
  doctor
      ->add_option("--connections", arguments->connections,
                   "Number of connections; default: the configuration's, or 10000")
      ->check(CLI::Range(std::int64_t{1}, kConnectionsMax).description(""));
  add_config(*doctor, arguments->config_file, Config::optional);
  doctor->callback([&run, arguments] { run = [arguments] { return run_doctor(*arguments); }; });
}

}  // namespace

void declare_operating(CLI::App& app, Run& run) {
  declare_healthcheck(app, run);
  declare_reload(app, run);
  declare_takeover(app, run);
  declare_doctor(app, run);
}

}  // namespace carillon::app
