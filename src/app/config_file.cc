#include "app/config_file.h"

#include <cstdio>

#include "api/routes.h"
#include "auth/authenticator.h"
#include "base/time.h"
#include "bus/url.h"
#include "client/tls_contexts.h"
#include "client/upgrade.h"
#include "protocol/endpoint.h"
#include "reactor/tls_context.h"

namespace carillon::app {
namespace {

void complain(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

// Checks what config/ cannot check because it is a lower layer: the profiles, the bus URL, the routes and the
// certificates. Everything in a file that would make a start fail is refused here, so that `check` and
// `serve` accept and refuse the same files.
void check_upper_layers(config::Loaded& loaded) {
  const config::Settings& settings = loaded.settings;
  loaded.errors = protocol::compile_endpoints(settings).problems;
  if (const auto url = bus::parse_bus_url(settings.bus.url); !url) {
    loaded.errors.push_back({settings.bus.origin, "bus.url", url.error().message});
  } else if (!settings.bus.tls_ca_file.empty() && url->scheme == bus::Scheme::rediss) {
    const auto trusted = reactor::TlsContext::for_clients(settings.bus.tls_ca_file);
    if (!trusted) loaded.errors.push_back({settings.bus.origin, "bus.tls_ca_file", trusted.error().message});
  }
  if (const auto routes = api::Routes::compile(settings); !routes) {
    loaded.errors.push_back({{settings.bus.origin.source, 0}, "route", routes.error().message});
  }
  client::TlsContexts contexts = client::make_tls_contexts(settings.server.listen, wall_now());
  for (auto& problem : contexts.problems) loaded.errors.push_back(std::move(problem));
  for (auto& warning : contexts.warnings) loaded.warnings.push_back(std::move(warning));
}

// A file without keys is valid when no endpoint requires a token; load() has checked the others.
bool keys_are_good(const config::Settings& settings) {
  if (settings.keys.empty()) return true;
  const auto weak =
      settings.dev ? auth::Authenticator::WeakSecrets::allow : auth::Authenticator::WeakSecrets::refuse;
  if (const auto keys = auth::Authenticator::create(settings.keys, {}, weak); !keys) {
    complain(keys.error().message);
    return false;
  }
  for (const auto& endpoint : protocol::compile_endpoints(settings).endpoints) {
    const auto made = client::make_authenticator(*endpoint, settings);
    if (made) continue;
    complain(endpoint->settings.origin_of("auth.keys").text() + ": " + made.error().message);
    return false;
  }
  return true;
}

}  // namespace

std::optional<config::Loaded> load_config_file(const std::string& path) {
  const auto text = config::Environment::of_process().read_file(path);
  if (!text) {
    complain("carillon: " + path + ": " + text.error().message);
    return std::nullopt;
  }
  return load_config_text(*text, path);
}

std::optional<config::Loaded> load_config_text(const std::string& text, const std::string& source) {
  config::Loaded loaded = config::load(text, source, config::Environment::of_process());
  if (loaded.errors.empty()) check_upper_layers(loaded);
  for (const config::Problem& problem : loaded.errors) complain(problem.text());
  if (!loaded.errors.empty() || !keys_are_good(loaded.settings)) return std::nullopt;
  return loaded;
}

}  // namespace carillon::app
