#include "app/config_file.h"

#include <cstdio>

#include "auth/authenticator.h"
#include "bus/url.h"
#include "gateway/endpoint.h"
#include "gateway/tls_contexts.h"

namespace carillon::app {
namespace {

void complain(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

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
  std::vector<config::Problem> problems = loaded.errors;
  if (problems.empty()) problems = gateway::compile_endpoints(loaded.settings).problems;
  if (const auto url = bus::parse_bus_url(loaded.settings.bus.url); problems.empty() && !url) {
    problems.push_back({loaded.settings.bus.origin, "bus.url", url.error().message});
  }
  if (problems.empty()) problems = gateway::make_tls_contexts(loaded.settings.server.listen).problems;
  for (const config::Problem& problem : problems) complain(problem.text());
  if (!problems.empty()) return std::nullopt;
  const auto weak = loaded.settings.dev ? auth::Authenticator::WeakSecrets::allow
                                        : auth::Authenticator::WeakSecrets::refuse;
  if (auto keys = auth::Authenticator::create(loaded.settings.keys, {}, weak); !keys) {
    complain(keys.error().message);
    return std::nullopt;
  }
  return loaded;
}

}  // namespace carillon::app
