// The variables that a route's templates (`event`, `answer`) may name, in the order in which their
// values are passed: these, followed by `path_NAME` for each parameter of the path.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "json/template.h"

namespace carillon::config {

// A variable of a route's templates.
enum class RouteVariable : std::size_t {
  body,     // the request's body as sent; {} when there is none
  payload,  // the same with the id inserted
  id,       // the payload's member "id", raw; null when there is none
  time_s,   // when the request arrived, RFC 3339, seconds
  time_ms,  // the same with milliseconds
  count
};
inline constexpr std::size_t kRouteVariableCount = static_cast<std::size_t>(RouteVariable::count);
inline constexpr std::array<std::string_view, kRouteVariableCount> kRouteVariables{"body", "payload", "id",
                                                                                   "time_s", "time_ms"};

// `parameters` are the names in the route's path.
Result<json::Template> compile_route_template(std::string_view text, std::span<const std::string> parameters);

}  // namespace carillon::config
