// The settings in use as TOML, each with where it was written.
#include <algorithm>

#include "config/load.h"
#include "config/options.h"
#include "config/text.h"

namespace carillon::config {
namespace {

constexpr std::size_t kColumn = 48;  // where the comments begin, after values that are not longer

void write_options(std::string& out, std::string_view heading, const std::vector<Option>& options,
                   const Written& written) {
  out += cat({out.empty() ? "" : "\n", heading, "\n"});
  for (const Option& option : options) {
    const std::string value = option.show();
    if (value.empty()) continue;
    std::string line = cat({option.key, " = ", value});
    line.resize(std::max(line.size() + 2, kColumn), ' ');
    out += cat({line, "# ", origin_in(written, option.key, {"default", 0}).text(), "\n"});
  }
}

const Written& written_in(const Loaded& loaded, std::string_view table) {
  static const Written none;
  const auto found = std::find_if(loaded.written.begin(), loaded.written.end(),
                                  [table](const auto& each) { return each.first == table; });
  return found == loaded.written.end() ? none : found->second;
}

}  // namespace

std::string effective_text(const Loaded& loaded) {
  Settings settings = loaded.settings;  // options refer to what may be changed
  std::string out;
  const auto write = [&](std::string_view table, const std::vector<Option>& options) {
    write_options(out, cat({"[", table, "]"}), options, written_in(loaded, table));
  };
  write("server", server_options(settings.server));
  write("bus", bus_options(settings.bus));
  write("api", api_options(settings.api));
  write("admin", admin_options(settings.admin));
  write("log", log_options(settings.log));
  for (KeySettings& key : settings.keys) write(cat({"keys.", key.name}), key_options(key));
  for (EndpointSettings& endpoint : settings.endpoints) {
    write_options(out, "[[endpoint]]", endpoint_options(endpoint), endpoint.origins_by_key);
  }
  for (RouteSettings& route : settings.routes) {
    write_options(out, "[[route]]", route_options(route), route.origins_by_key);
  }
  return out;
}

}  // namespace carillon::config
