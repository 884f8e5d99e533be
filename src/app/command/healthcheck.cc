// `carillon healthcheck`: whether a gateway is ready, for containers and scripts.
#include <cstdio>

#include "app/command/control_client.h"
#include "app/command/control_path.h"
#include "app/command/gateway_address.h"
#include "app/command/http_call.h"
#include "app/command/verbs.h"
#include "app/config_path.h"
#include "app/terminal.h"
#include "config/load.h"

namespace carillon::app {
namespace {

constexpr seconds kPatience{5};

int report(const std::string& where, const Result<HttpAnswer>& answer) {
  if (!answer) return fail(where + ": " + answer.error().message);
  std::printf("%s\n", answer->body.c_str());
  return answer->status == 200 ? 0 : 1;
}

int ask_over_http(const std::string& text) {
  auto url = parse_web_url(text, "http", "https");
  if (!url) return report("--url", tl::unexpected(url.error()));
  HttpCall call;
  call.url = std::move(*url);
  call.url.target = "/ready";
  call.patience = kPatience;
  return report(text, exchange(call));
}

// Over the control socket, which answers whatever the clients' addresses are, and when their limits are used
// up.
int ask_over_control(const std::string& path) {
  auto answer = ask_control(path, "GET", "/ready", kPatience);
  if (!answer) return report("the control socket", tl::unexpected(answer.error()));
  return report(path, HttpAnswer{answer->status, std::move(answer->body)});
}

// The certificate there names what clients call it, not this address, and no secret is sent.
int ask_the_first_address(const config::ServerSettings& server) {
  const auto address = first_address(server);
  if (!address) {
    return fail(address.error().message +
                "; write control = \"/run/carillon/control.sock\" in [server], or --url");
  }
  HttpCall call;
  call.url = address->url;
  call.url.target = "/ready";
  call.patience = kPatience;
  call.trust.is_checked = false;
  return report(call.url.authority(), exchange(call));
}

// What carillon dev serves, and a gateway without server.listen.
int ask_the_default_address() {
  HttpCall call;
  call.url = default_gateway_url();
  call.url.target = "/ready";
  call.patience = kPatience;
  const std::string where = "http://" + call.url.authority();
  const auto answer = exchange(call);
  if (answer) return report(where, answer);
  return fail("there is no " + default_config_paths() + ", and " + where +
              " does not answer: " + answer.error().message + "; write --config FILE or --url URL");
}

}  // namespace

int run_healthcheck(const HealthcheckArguments& arguments) {
  if (!arguments.url.empty()) return ask_over_http(arguments.url);
  if (arguments.gateway.control.empty() && arguments.gateway.config_file.empty()) {
    return ask_the_default_address();
  }
  const auto control = control_path(arguments.gateway);
  if (!control) return report("the configuration", tl::unexpected(control.error()));
  if (!control->empty()) return ask_over_control(*control);
  const auto environment = config::Environment::of_process();
  const auto text = environment.read_file(arguments.gateway.config_file);
  if (!text) return report(arguments.gateway.config_file, tl::unexpected(text.error()));
  return ask_the_first_address(
      config::load(*text, arguments.gateway.config_file, environment).settings.server);
}

}  // namespace carillon::app
