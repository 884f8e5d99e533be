// The variables that a route's templates (`event`, `answer`) may name, in the order in which their
// values are passed: these, followed by `path_NAME` for each parameter of the path.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "config/frame_variables.h"
#include "json/template.h"

namespace carillon::config {

//   body     the request's body as sent; {} when there is none
//   payload  the same with the id inserted
//   id       the payload's member "id", raw; null when there is none
// and the time at which the request arrived.
inline constexpr auto kRouteVariables = with_time(std::array<std::string_view, 3>{"body", "payload", "id"});

// `parameters` are the names in the route's path.
Result<json::Template> compile_route_template(std::string_view text, std::span<const std::string> parameters);

}  // namespace carillon::config
