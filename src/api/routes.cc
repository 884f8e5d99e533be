#include "api/routes.h"

#include <algorithm>

#include "config/route_variables.h"

namespace carillon::api {
namespace {

Result<Route> compile_route(const config::RouteSettings& settings) {
  Route route;
  auto path = http::PathPattern::parse(settings.path);
  if (!path) return tl::unexpected(path.error());
  route.path = std::move(*path);
  const std::vector<std::string>& names = route.path.names();
  auto channel = http::ParameterText::parse(settings.channel, names);
  if (!channel) return tl::unexpected(channel.error());
  route.channel = std::move(*channel);
  auto event = config::compile_route_template(settings.event, names);
  if (!event) return tl::unexpected(event.error());
  route.event = std::move(*event);
  auto answer = config::compile_route_template(settings.answer, names);
  if (!answer) return tl::unexpected(answer.error());
  route.answer = std::move(*answer);
  if (settings.id == "uuid") {
    route.id = Route::Id::uuid;
  } else if (!settings.id.empty()) {
    const auto found = std::find_if(names.begin(), names.end(),
                                    [&](const auto& name) { return settings.id == "{" + name + "}"; });
    if (found == names.end()) return failure("no source of an id: " + settings.id);
    route.id = Route::Id::parameter;
    route.id_parameter = static_cast<std::size_t>(found - names.begin());
  }
  route.methods = settings.methods;
  route.body = settings.body;
  route.status = settings.status;
  route.key = settings.key;
  if (!settings.origins.empty()) {
    auto origins = auth::OriginPolicy::parse(settings.origins);
    if (!origins) return failure("origins: " + origins.error().message);
    route.origins = std::move(*origins);
  }
  return route;
}

}  // namespace

bool Route::takes(std::string_view method) const {
  return std::find(methods.begin(), methods.end(), method) != methods.end();
}

Result<Routes> Routes::compile(const config::Settings& settings) {
  std::vector<const config::RouteSettings*> all;
  for (const config::EndpointSettings& endpoint : settings.endpoints) {
    for (const config::RouteSettings& route : endpoint.routes) all.push_back(&route);
  }
  for (const config::RouteSettings& route : settings.routes) all.push_back(&route);
  Routes routes;
  for (const config::RouteSettings* each : all) {
    auto route = compile_route(*each);
    if (!route) return failure(each->origin.text() + ": route: " + route.error().message);
    routes.routes_.push_back(std::move(*route));
  }
  std::stable_sort(routes.routes_.begin(), routes.routes_.end(),
                   [](const Route& a, const Route& b) { return a.path.is_more_specific_than(b.path); });
  return routes;
}

std::optional<Routes::Found> Routes::find(std::string_view method, std::string_view path,
                                          std::string_view raw_path) const {
  std::vector<std::string_view> allowed;
  for (const Route& route : routes_) {
    auto parameters = route.path.match(path, raw_path);
    if (!parameters) continue;
    if (route.takes(method)) return Found{&route, std::move(*parameters), {}};
    for (const std::string& each : route.methods) {
      if (std::find(allowed.begin(), allowed.end(), each) == allowed.end()) allowed.push_back(each);
    }
  }
  if (allowed.empty()) return std::nullopt;
  Found found;
  for (const std::string_view each : allowed)
    found.allowed += (found.allowed.empty() ? "" : ", ") + std::string(each);
  return found;
}

}  // namespace carillon::api
