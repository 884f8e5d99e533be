// `carillon dev`: a gateway to try things with, and a screen of lines that work when pasted.
#include <array>
#include <cstdio>
#include <memory>
#include <random>
#include <string>

#include "app/config_file.h"
#include "app/demo_publisher.h"
#include "app/serving.h"
#include "app/tokens.h"
#include "app/verbs.h"

namespace carillon::app {
namespace {

constexpr std::uint32_t kTokenTtlS = 7 * 24 * 3600;

std::string random_hex(int bytes) {
  std::random_device random;
  std::string text;
  for (int i = 0; i < bytes; ++i) {
    std::array<char, 3> two{};
    std::snprintf(two.data(), two.size(), "%02x", random() & 0xffU);
    text += two.data();
  }
  return text;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

// Every built-in profile that receives events; a profile that does not is for tests.
std::string endpoints_toml() {
  std::string toml;
  for (const config::Profile& profile : config::embedded_profiles()) {
    if (profile.text.find("[source]") == std::string_view::npos) continue;
    toml += "[[endpoint]]\nprofile = " + quoted(std::string(profile.name)) + "\n";
  }
  return toml;
}

std::string dev_toml(const DevArguments& arguments, const std::string& secret, const std::string& api_key) {
  std::string toml = "[server]\ndrain = \"1s\"\n";
  if (!arguments.listen.empty()) {
    toml += "listen = [";
    for (const std::string& address : arguments.listen) toml += quoted(address) + ", ";
    toml += "]\n";
  }
  toml += "[bus]\nurl = " + quoted(arguments.bus) + "\n";
  toml += "[log]\nlevel = " + quoted(arguments.log_level) + "\n";
  toml += "[keys.dev]\nalgorithms = [\"HS256\"]\nsecret = " + quoted(secret) + "\n";
  toml += "[api]\nkeys = [" + quoted(api_key) + "]\n";
  return toml + endpoints_toml();
}

struct Screen {
  std::string address;  // "127.0.0.1:8000"
  std::string token;
  std::string api_key;
  DemoPublisher::Example example;
};

// Ready to paste: with a token where one is required and may be in the query.
std::string url_of(const protocol::Endpoint& endpoint, const Screen& screen) {
  std::string url = "ws://" + screen.address + endpoint.settings.path;
  const config::EndpointAuth& auth = endpoint.settings.auth;
  if (auth.mode != config::AuthMode::jwt) return url;
  for (const config::TokenPlace& place : auth.sources) {
    if (place.source == config::TokenSource::query) return url + "?" + place.name + "=" + screen.token;
  }
  return url;
}

// Prints all URLs and returns the one that receives the example.
std::string print_urls(const gateway::Gateway& gateway, const Screen& screen) {
  std::string receiving;
  for (const protocol::Endpoint& endpoint : gateway.node().endpoints()) {
    const std::string url = url_of(endpoint, screen);
    std::printf("  %-10s %s\n", endpoint.settings.name.c_str(), url.c_str());
    if (receiving.empty() && endpoint.source.match(screen.example.channel)) receiving = url;
  }
  return receiving;
}

void print_screen(const gateway::Gateway& gateway, const Screen& screen) {
  std::printf("\nCarillon %s is listening on %s, events from %s\n\n", CARILLON_VERSION,
              screen.address.c_str(), std::string(gateway.node().bus_url()).c_str());
  const std::string url = print_urls(gateway, screen);
  std::printf("  %-10s http://%s/health   /ready   /metrics\n", "health", screen.address.c_str());
  std::printf("\nA token, valid for a week or until this process ends:\n%s\n", screen.token.c_str());
  std::printf("\nPublish an event:\n");
  std::printf(
      "curl -sS http://%s/v1/publish -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' -d "
      "'%s'\n",
      screen.address.c_str(), screen.api_key.c_str(), screen.example.line.c_str());
  std::printf("\nReceive events in another terminal, with Node or with Python:\n");
  std::printf(
      "NODE_PATH=/usr/share/nodejs node -e 'new (require(\"ws\"))(\"%s\").on(\"message\", m => "
      "console.log(String(m)))'\n",
      url.c_str());
  std::printf(
      "/usr/bin/python3 -c $'import asyncio, websockets\\nasync def receive():\\n  async with "
      "websockets.connect(\"%s\") as ws:\\n    async for m in ws: print(m, flush=True)\\n"
      "asyncio.run(receive())'\n",
      url.c_str());
  // From a page of another site Chrome asks before it lets a script reach this machine.
  std::printf("\nIn a browser, open http://%s/health and paste into its console:\n", screen.address.c_str());
  std::printf("new WebSocket(\"%s\").onmessage = e => console.log(e.data)\n", url.c_str());
  std::printf("\nA sample event is published every second. Ctrl-C stops the gateway.\n");
  std::fflush(stdout);
}

}  // namespace

int run_dev(const DevArguments& arguments) {
  const std::string secret = random_hex(32);
  const std::string api_key = random_hex(16);
  auto config = load_config_text(dev_toml(arguments, secret, api_key), "carillon dev");
  if (!config) return 2;
  TokenArguments wanted;
  wanted.ttl_s = kTokenTtlS;
  const auto token = mint_token(secret, wanted, wall_now());
  if (!token) return 1;

  std::unique_ptr<DemoPublisher> demo;
  Serving serving;
  serving.hangup = SignalPolicy::Hangup::drains;  // when its terminal is closed
  serving.on_ready = [&](gateway::Gateway& gateway, Reloader*) {
    demo = std::make_unique<DemoPublisher>(gateway);
    demo->start();
    print_screen(gateway, {gateway.listening_on().front().text(), *token, api_key, demo->example()});
    return nullptr;
  };
  return serve(std::move(*config), std::move(serving));
}

}  // namespace carillon::app
