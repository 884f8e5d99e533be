#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/origin.h"
#include "base/result.h"
#include "base/secret.h"
#include "config/settings.h"
#include "http/path_pattern.h"
#include "json/template.h"

namespace carillon::api {

// One compiled ingest route.
struct Route {
  enum class Id : std::uint8_t { none, uuid, parameter };

  std::vector<std::string> methods;
  http::PathPattern path;
  http::ParameterText channel;
  config::RouteBody body = config::RouteBody::object;
  Id id = Id::none;
  std::size_t id_parameter = 0;  // the index of the path's parameter, for Id::parameter
  json::Template event;
  json::Template answer;
  int status = 200;
  Secret key;                  // empty: open
  auth::OriginPolicy origins;  // allowed besides the request's own host, for a route without a key

  bool takes(std::string_view method) const;
};

// Routes: the compiled ingest routes of a configuration; finds the route of a request.
//
// Thread: any; immutable once compiled, shared by all shards.
class Routes {
 public:
  // The views point into the path given to find().
  struct Found {
    const Route* route = nullptr;  // null when the path is known and the method is not
    std::vector<std::string_view> parameters;
    std::string allowed;  // when `route` is null, the allowed methods: "POST, DELETE"
  };

  Routes() = default;
  // Compiles the routes of all endpoints and of the top level. Succeeds for every configuration that load()
  // accepts.
  static Result<Routes> compile(const config::Settings& settings);

  // Returns nothing when no route has this path; of several routes the most specific one.
  // `raw_path` is the path before decoding.
  std::optional<Found> find(std::string_view method, std::string_view path, std::string_view raw_path) const;
  std::size_t size() const { return routes_.size(); }

 private:
  std::vector<Route> routes_;  // the more specific before the less
};

}  // namespace carillon::api
