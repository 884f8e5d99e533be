#include "app/config_file.h"

#include <algorithm>
#include <cstdio>

#include "api/routes.h"
#include "app/terminal.h"
#include "auth/authenticator.h"
#include "base/time.h"
#include "bus/url.h"
#include "client/tls_contexts.h"
#include "client/upgrade.h"
#include "protocol/endpoint.h"
#include "reactor/tls_context.h"

namespace carillon::app {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

void append_texts(std::vector<std::string>& texts, const std::vector<config::Problem>& problems) {
  for (const config::Problem& problem : problems) texts.push_back(problem.text());
}

std::vector<config::Problem> problems_of_the_bus(const config::BusSettings& bus) {
  const auto url = bus::parse_bus_url(bus.url);
  if (!url) return {{bus.origin, "bus.url", url.error().message}};
  if (bus.tls_ca_file.empty() || url->scheme != bus::Scheme::rediss) return {};
  const auto trusted = reactor::TlsContext::for_clients(bus.tls_ca_file);
  if (trusted) return {};
  return {{bus.origin, "bus.tls_ca_file", trusted.error().message}};
}

// Settings without keys are valid when no endpoint requires a token; load() has checked the others.
std::vector<std::string> problems_of_the_keys(const config::Settings& settings,
                                              const std::vector<Ref<const protocol::Endpoint>>& endpoints) {
  if (settings.keys.empty()) return {};
  const auto weak =
      settings.dev ? auth::Authenticator::WeakSecrets::allow : auth::Authenticator::WeakSecrets::refuse;
  if (const auto keys = auth::Authenticator::create(settings.keys, {}, weak); !keys) {
    return lines_of(keys.error().message);
  }
  for (const auto& endpoint : endpoints) {
    const auto made = client::make_authenticator(*endpoint, settings);
    if (made) continue;
    return {endpoint->settings.origin_of("auth.keys").text() + ": " + made.error().message};
  }
  return {};
}

CheckedConfig unreadable(const std::string& path, const std::string& why) {
  CheckedConfig checked;
  checked.errors.push_back(path + ": " + why);
  return checked;
}

// Prints the errors, if any.
std::optional<CheckedConfig> usable(CheckedConfig checked) {
  for (const std::string& error : checked.errors) {
    const std::size_t end = error.find(": ");  // of the file and the line
    const std::string place = coloured(stderr, Colour::bold, error.substr(0, end));
    std::fprintf(stderr, "%s%s\n", place.c_str(), end == std::string::npos ? "" : error.c_str() + end);
  }
  if (!checked.errors.empty()) return std::nullopt;
  return checked;
}

}  // namespace

std::vector<std::string> problems_of(const config::Settings& settings) {
  std::vector<std::string> problems;
  const protocol::CompiledEndpoints compiled = protocol::compile_endpoints(settings);
  append_texts(problems, compiled.problems);
  append_texts(problems, problems_of_the_bus(settings.bus));
  if (const auto routes = api::Routes::compile(settings); !routes) {
    const config::Origin origin{settings.bus.origin.source, 0};
    append_texts(problems, {{origin, "route", routes.error().message}});
  }
  append_texts(problems, client::make_tls_contexts(settings.server.listen, wall_now(),
                                                   std::make_shared<reactor::TicketKeys>(wall_now()))
                             .problems);
  if (!problems.empty()) return problems;
  return problems_of_the_keys(settings, compiled.endpoints);
}

std::vector<std::string> built_in_profiles() {
  std::vector<std::string> names;
  for (const config::Profile& profile : config::embedded_profiles()) {
    if (profile.text.find("[source]") != std::string_view::npos) names.emplace_back(profile.name);
  }
  return names;
}

ConfigReader ConfigReader::of_file(const std::string& path) {
  return {[path] { return check_config_file(path); },
          [path](const std::string& text) { return check_config_text(text, path); }};
}

CheckedConfig check_config_file(const std::string& path, config::Environment environment) {
  const auto text = environment.read_file(path);
  if (!text) return unreadable(path, text.error().message);
  return check_config_text(*text, path, std::move(environment));
}

CheckedConfig check_config_text(const std::string& text, const std::string& source,
                                config::Environment environment) {
  CheckedConfig checked;
  checked.text = text;
  environment.read_file = [&checked, read = std::move(environment.read_file)](std::string_view path) {
    (path.ends_with(".toml") ? checked.profiles : checked.files).emplace_back(path);
    return read(path);
  };
  checked.loaded = config::load(text, source, environment);
  append_texts(checked.errors, checked.loaded.errors);
  if (!checked.errors.empty()) return checked;
  checked.errors = problems_of(checked.loaded.settings);
  auto contexts = client::make_tls_contexts(checked.loaded.settings.server.listen, wall_now(),
                                            std::make_shared<reactor::TicketKeys>(wall_now()));
  for (auto& warning : contexts.warnings) checked.loaded.warnings.push_back(std::move(warning));
  return checked;
}

std::optional<CheckedConfig> load_config_file(const std::string& path) {
  return usable(check_config_file(path));
}

}  // namespace carillon::app
