// Routes: the ingest routes of a configuration, compiled: which request is whose.
//
// Immutable once compiled; shared by all shards' threads.
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

struct Route {
  enum class Id : std::uint8_t { none, uuid, parameter };

  std::vector<std::string> methods;
  http::PathPattern path;
  http::ParameterText channel;
  config::RouteBody body = config::RouteBody::object;
  Id id = Id::none;
  std::size_t id_parameter = 0;  // which one, for Id::parameter
  json::Template event;
  json::Template answer;
  int status = 200;
  Secret key;                  // empty: open
  auth::OriginPolicy origins;  // besides its own; of a route without a key

  bool takes(std::string_view method) const;
};

class Routes {
 public:
  // The views point into the path that was asked for.
  struct Found {
    const Route* route = nullptr;  // nothing where the path is known and the method is not
    std::vector<std::string_view> parameters;
    std::string allowed;  // where there is no route: "POST, DELETE"
  };

  Routes() = default;
  // Those of all endpoints, and those of none. What load() has passed compiles.
  static Result<Routes> compile(const config::Settings& settings);

  // Nothing where no route has that path. Of several the most specific one counts.
  // `raw_path` is the path before it was decoded.
  std::optional<Found> find(std::string_view method, std::string_view path, std::string_view raw_path) const;
  std::size_t size() const { return routes_.size(); }

 private:
  std::vector<Route> routes_;  // the more specific before the less
};

}  // namespace carillon::api
