// Every option of [[route]]: key, type with bounds, field, help. The default is what the field begins
// with in settings.h.
#include "config/apply.h"
#include "config/options.h"
#include "config/route_kind.h"
#include "config/secret_kinds.h"
#include "config/text_checks.h"
#include "config/value_kinds.h"
#include "event/channel_name.h"
#include "http/path_pattern.h"
#include "json/template.h"

namespace carillon::config {
namespace {

constexpr std::size_t kMethodsMax = 4;

std::optional<std::string> check_route_path(std::string_view text) {
  const auto pattern = http::PathPattern::parse(text);
  if (pattern) return std::nullopt;
  return cat({quoted(text), " is not a valid route path: ", pattern.error().message});
}

}  // namespace

std::vector<Option> route_options(RouteSettings& r) {
  const WordKind<RouteBody> body{{{"object", RouteBody::object}, {"any", RouteBody::any}}};
  return {
      option("methods", TextListKind{{"method", "\"POST\"", 16, check_method}, kMethodsMax}, r.methods,
             "methods of the request"),
      with_default(
          option("path", TextKind{"path", "\"/hooks/{id}\"", http::kPathPatternBytesMax, check_route_path},
                 r.path, "path of the route: literal, except that {name} matches one segment"),
          "none: it must be given"),
      with_default(
          option("channel", TextKind{"channel name", "\"hooks.{id}\"", kChannelNameBytesMax, nullptr},
                 r.channel, "bus channel to publish to; may contain {name} of the path"),
          "none: it must be given"),
      option("body", body, r.body,
             "\"object\": a JSON object, no body means {}; \"any\": any JSON value, which must be present"),
      with_default(option("id", TextKind{"id", "\"uuid\"", 64, nullptr}, r.id,
                          "value of the member id that is inserted first when the body has none: a new "
                          "\"uuid\", or {name} of the path"),
                   "none is inserted"),
      option("event",
             TextKind{"template", R"('{"event":"created","payload":$payload}')", json::kTemplateBytesMax,
                      nullptr},
             r.event,
             "the event: JSON with the variables $body (as sent), $payload (with the id), $id, $path_NAME, "
             "and the "
             "time ($time_s, $time_ms, $time_unix_s, $time_unix_ms)"),
      option("status", NumberKind{200, 299}, r.status, "HTTP status once the bus has acknowledged the event"),
      option("answer", TextKind{"template", R"("$payload")", json::kTemplateBytesMax, nullptr}, r.answer,
             "body of that answer, with the same variables"),
      with_default(
          option("key", ApiKeyKind{}, r.key, "required as Authorization: Bearer KEY or X-API-Key: KEY"),
          "none: it is open"),
      option("origins", TextListKind{{"origin", "\"https://app.example.com\"", 512, check_origin}, 256},
             r.origins,
             "for a route without a key: web origins, besides its own, whose pages may use it, compared "
             "exactly; \"*\" alone is all; pages of other sites are answered 403"),
  };
}

std::string RoutesKind::type() const {
  return cat({"array of tables with the keys of [[route]], at most ", std::to_string(kRoutesMax)});
}

std::string RoutesKind::example() const {
  return R"([{ path = "/hook", channel = "hooks", key = { env = "NAME" } }])";
}

bool RoutesKind::same(const std::vector<RouteSettings>& a, const std::vector<RouteSettings>& b) const {
  const auto are_the_same = [](RouteSettings x, RouteSettings y) {
    const std::vector<Option> of_x = route_options(x);
    const std::vector<Option> of_y = route_options(y);
    for (std::size_t i = 0; i < of_x.size(); ++i) {
      if (!of_x[i].is_as_in(of_y[i])) return false;
    }
    return true;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), are_the_same);
}

std::string RoutesKind::show(const std::vector<RouteSettings>& field) const {
  RouteSettings defaults;
  const std::vector<Option> before = route_options(defaults);
  std::string out = "[";
  for (RouteSettings route : field) {
    std::string table;
    const std::vector<Option> options = route_options(route);
    for (std::size_t i = 0; i < options.size(); ++i) {
      const std::string now = options[i].show();
      if (now != before[i].show()) table += cat({table.empty() ? " " : ", ", options[i].key, " = ", now});
    }
    out += cat({out.size() == 1 ? "{" : ", {", table, " }"});
  }
  return out + "]";
}

void RoutesKind::read(const Place& place, Reading& reading, std::vector<RouteSettings>& field) const {
  if (place.node.kind != Node::Kind::array) {
    const std::string table = place.key == "route" ? "[[route]]" : "[[endpoint.route]]";
    reading.fault(place, cat({"expected an array of tables, got ", shape_of(place.node), "; write ", table}));
    return;
  }
  if (!fits(place, reading, kRoutesMax)) return;
  std::vector<RouteSettings> routes;
  for (const Place& at : items_of(place)) {
    if (at.node.kind != Node::Kind::table) {
      reading.fault(at, cat({"expected a table, got ", shape_of(at.node), "; write ", example()}));
      return;
    }
    RouteSettings& route = routes.emplace_back();
    route.origin = at.origin;
    apply(at.node, route_options(route), {at.origin.source, at.key + "."}, reading, route.origins_by_key);
  }
  // Even where parts could not be read: the others are still to be checked.
  field = std::move(routes);
}

}  // namespace carillon::config
