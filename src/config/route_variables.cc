#include "config/route_variables.h"

#include <vector>

namespace carillon::config {

Result<json::Template> compile_route_template(std::string_view text,
                                              std::span<const std::string> parameters) {
  std::vector<std::string> of_path;
  of_path.reserve(parameters.size());
  for (const std::string& name : parameters) of_path.push_back("path_" + name);
  std::vector<std::string_view> all(kRouteVariables.begin(), kRouteVariables.end());
  all.insert(all.end(), of_path.begin(), of_path.end());
  return json::Template::compile(text, all);
}

}  // namespace carillon::config
