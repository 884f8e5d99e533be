#include <algorithm>
#include <span>

#include "config/check.h"
#include "config/listen_kind.h"
#include "config/route_kind.h"
#include "config/route_variables.h"
#include "config/text.h"
#include "config/text_checks.h"
#include "event/channel_name.h"
#include "http/path_pattern.h"

namespace carillon::config {
namespace {

// A route and where it stands. `owner` is nothing for one at the top of the file.
struct Entry {
  const RouteSettings& route;
  const EndpointSettings* owner = nullptr;
  std::string key;  // "endpoint[0].route[1]"
  std::optional<http::PathPattern> pattern;
  std::string shape;  // the pattern's

  // The line that the author of the file can change: the endpoint's, where the route is its profile's.
  Origin in_file() const {
    Origin origin = route.origin_of("path");
    return owner == nullptr || origin.source == owner->origin.source ? origin : owner->origin;
  }
};

// "POST /api/streams"
std::string title(const RouteSettings& route) {
  std::string methods;
  for (const std::string& method : route.methods) methods += (methods.empty() ? "" : "/") + method;
  return cat({methods, " ", route.path});
}

class RoutesCheck {
 public:
  RoutesCheck(const Settings& settings, Report& report) : settings_(settings), report_(report) {
    for (std::size_t i = 0; i < settings.endpoints.size(); ++i) {
      const EndpointSettings& endpoint = settings.endpoints[i];
      add(endpoint.routes, &endpoint, cat({"endpoint[", std::to_string(i), "].route["}));
    }
    add(settings.routes, nullptr, "route[");
  }

  void all() {
    if (entries_.size() > kRoutesInAllMax) {
      const Entry& first = entries_[kRoutesInAllMax];
      report_.error(
          first.in_file(), first.key,
          cat({"is one of ", std::to_string(entries_.size()), " routes; write at most 1024 in all"}));
      return;
    }
    for (Entry& entry : entries_) alone(entry);
    for (std::size_t i = 0; i < entries_.size(); ++i) against_others(i);
    warn_of_open_ones();
  }

 private:
  void add(const std::vector<RouteSettings>& routes, const EndpointSettings* owner,
           const std::string& prefix) {
    for (std::size_t i = 0; i < routes.size(); ++i) {
      entries_.push_back({routes[i], owner, cat({prefix, std::to_string(i), "]"}), std::nullopt, {}});
    }
  }
  bool was_read(const Entry& entry, std::string_view name) const {
    return !report_.has_error_at(cat({entry.key, ".", name}));
  }
  void fault(const Entry& entry, std::string_view name, std::string_view message) {
    report_.error(entry.route.origin_of(name), cat({entry.key, ".", name}), message);
  }
  void collides(const Entry& entry, std::string_view message) {
    report_.error(entry.in_file(), entry.key + ".path", message);
  }

  void alone(Entry& entry) {
    const RouteSettings& route = entry.route;
    if (route.methods.empty() && was_read(entry, "methods")) {
      fault(entry, "methods", "is empty, so that no request matches the route; write [\"POST\"]");
    }
    if (route.path.empty()) {
      if (was_read(entry, "path")) fault(entry, "path", "is missing; write path = \"/hooks\"");
      return;
    }
    auto pattern = http::PathPattern::parse(route.path);
    if (!pattern) return;  // reported when it was read
    entry.pattern = std::move(*pattern);
    entry.shape = entry.pattern->shape();
    const std::vector<std::string>& names = entry.pattern->names();
    if (was_read(entry, "channel")) channel(entry, names);
    if (was_read(entry, "id")) id(entry, names);
    const auto& origins = route.origins;
    if (origins.size() > 1 && std::find(origins.begin(), origins.end(), "*") != origins.end()) {
      fault(entry, "origins", "has \"*\" together with others; write [\"*\"] alone, or leave it out");
    }
    for (const auto& [name, text] : {std::pair("event", &route.event), std::pair("answer", &route.answer)}) {
      if (!was_read(entry, name)) continue;
      const auto compiled = compile_route_template(*text, names);
      if (!compiled) fault(entry, name, compiled.error().message);
    }
  }

  void channel(const Entry& entry, std::span<const std::string> names) {
    const std::string& text = entry.route.channel;
    if (text.empty()) {
      fault(entry, "channel", "is missing; write the channel that its events go to, channel = \"hooks\"");
      return;
    }
    const auto parsed = http::ParameterText::parse(text, names);
    if (!parsed) {
      fault(entry, "channel", cat({quoted(text), ": ", parsed.error().message}));
      return;
    }
    const std::string sample = parsed->fill(std::vector<std::string_view>(names.size(), "x"));
    if (const auto why = bus_channel_fault(sample); why != ChannelNameFault::none) {
      fault(entry, "channel", cat({quoted(text), ": ", describe(why), "; write channel = \"hooks\""}));
    }
  }

  void id(const Entry& entry, std::span<const std::string> names) {
    const std::string& text = entry.route.id;
    if (text.empty()) return;
    if (entry.route.body == RouteBody::any) {
      fault(entry, "id", "can only be inserted into an object; write body = \"object\", or leave it out");
      return;
    }
    if (text == "uuid") return;
    const auto is_it = [&](const std::string& name) { return text == cat({"{", name, "}"}); };
    if (std::any_of(names.begin(), names.end(), is_it)) return;
    std::vector<std::string> known = {"uuid"};
    for (const std::string& name : names) known.push_back(cat({"{", name, "}"}));
    fault(entry, "id", cat({quoted(text), " is not a source of ids here; write ", alternatives(known)}));
  }

  void against_others(std::size_t at) {
    const Entry& entry = entries_[at];
    if (!entry.pattern) return;
    if (const std::string_view own = own_path_in(*entry.pattern, entry.route.path); !own.empty()) {
      collides(entry, cat({collision(entry, own), "answered by Carillon itself; write another path"}));
      return;
    }
    for (const EndpointSettings& endpoint : settings_.endpoints) {
      const auto path = http::PathPattern::parse(endpoint.path);
      if (!path || !entry.pattern->overlaps(*path)) continue;
      collides(entry, cat({collision(entry, endpoint.path), "the path of the endpoint at ",
                           endpoint.origin.text(), "; write another path"}));
      return;
    }
    for (std::size_t j = 0; j < at; ++j) {
      if (const auto method = shared_method(entry, entries_[j])) return taken(entry, entries_[j], *method);
    }
  }

  static std::string collision(const Entry& entry, std::string_view path) {
    const std::string text = quoted(entry.route.path);
    return entry.route.path == path ? text + " is " : cat({text, " matches ", quoted(path), ", "});
  }

  static std::optional<std::string> shared_method(const Entry& a, const Entry& b) {
    if (a.shape != b.shape) return std::nullopt;
    for (const std::string& method : a.route.methods) {
      const auto& others = b.route.methods;
      if (std::find(others.begin(), others.end(), method) != others.end()) return method;
    }
    return std::nullopt;
  }

  void taken(const Entry& entry, const Entry& earlier, const std::string& method) {
    collides(entry, cat({method, " ", entry.route.path, " is already the route ", earlier.key, " (",
                         earlier.route.origin.text(), "); write another path or method",
                         entry.owner == nullptr ? "" : ", or route = [] for an endpoint without routes"}));
  }

  void warn_of_open_ones() {
    const auto& listen = settings_.server.listen;
    const auto exposed =
        std::find_if(listen.begin(), listen.end(), [](const auto& each) { return !is_loopback(each); });
    if (exposed == listen.end()) return;
    const std::string reached =
        cat({"from anyone who can reach ", quoted(show_listen(*exposed)), "; write "});
    for (std::size_t i = 0; i < settings_.endpoints.size(); ++i) {
      const EndpointSettings& endpoint = settings_.endpoints[i];
      const auto open = [](const RouteSettings& route) { return route.key.empty(); };
      const auto& routes = endpoint.routes;
      const auto first = std::find_if(routes.begin(), routes.end(), open);
      if (first == routes.end()) continue;
      const auto others = std::count_if(routes.begin(), routes.end(), open) - 1;
      const std::string rest = others == 0 ? " takes" : cat({" and ", std::to_string(others), " more take"});
      report_.warning(endpoint.origin, cat({"endpoint[", std::to_string(i), "].route_key"}),
                      cat({title(*first), rest, " events ", reached, "route_key = { env = \"NAME\" }"}));
    }
    for (const Entry& entry : entries_) {
      if (entry.owner != nullptr || !entry.route.key.empty()) continue;
      report_.warning(entry.route.origin, entry.key + ".key",
                      cat({title(entry.route), " takes events ", reached, "key = { env = \"NAME\" }"}));
    }
  }

  const Settings& settings_;
  Report& report_;
  std::vector<Entry> entries_;
};

}  // namespace

void check_routes(const Settings& settings, Report& report) { RoutesCheck(settings, report).all(); }

}  // namespace carillon::config
