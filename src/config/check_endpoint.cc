#include <algorithm>
#include <array>

#include "config/check.h"
#include "config/quantity.h"
#include "config/text.h"
#include "http/path_pattern.h"

namespace carillon::config {
namespace {

class EndpointCheck {
 public:
  EndpointCheck(const EndpointSettings& endpoint, const Settings& settings, const std::string& prefix,
                Report& report)
      : endpoint_(endpoint), settings_(settings), prefix_(prefix), report_(report) {}

  void all() {
    path();
    origins();
    if (endpoint_.auth.mode != AuthMode::none) sources();
    if (endpoint_.auth.mode == AuthMode::jwt) tokens();
    if (endpoint_.auth.mode == AuthMode::api_key && endpoint_.auth.api_keys.empty()) {
      if (was_read("auth.api_keys")) {
        fault("auth.api_keys", "is empty, so no client is admitted; write [{ env = \"NAME\" }]");
      }
    }
    check_protocol(endpoint_, prefix_, report_);
    check_history(endpoint_, prefix_, report_);
    check_streams(endpoint_, prefix_, report_);
    keepalive();
  }

 private:
  void fault(std::string_view key, std::string_view message) {
    fault_at(endpoint_.origin_of(key), key, message);
  }
  void fault_at(Origin origin, std::string_view key, std::string_view message) {
    report_.error(std::move(origin), cat({prefix_, ".", key}), message);
  }
  // A key that could not be read was already reported, and still has its previous value.
  bool was_read(std::string_view key) const { return !report_.has_error_at(cat({prefix_, ".", key})); }
  bool written(std::string_view key) const { return is_written(endpoint_.origins_by_key, key); }

  void path() {
    if (endpoint_.path.empty() && !written("path")) fault("path", "is missing; write path = \"/ws\"");
  }

  void origins() {
    if (!was_read("origins")) return;
    const auto& all = endpoint_.origins;
    if (all.empty()) fault("origins", "is empty and would admit no client; write [\"*\"] to admit all");
    if (all.size() > 1 && std::find(all.begin(), all.end(), "*") != all.end()) {
      fault("origins", "has \"*\" together with others; write [\"*\"] alone, or leave it out");
    }
  }

  void sources() {
    if (endpoint_.auth.sources.empty() && was_read("auth.sources")) {
      fault("auth.sources", "is empty, so no token is ever found; write [\"query:token\"]");
    }
  }

  void tokens() {
    std::vector<std::string> names;
    for (const auto& key : settings_.keys) names.push_back(key.name);
    if (names.empty()) {
      if (!report_.has_error_at("keys")) no_key();
      return;
    }
    for (const auto& wanted : endpoint_.auth.keys) {
      if (wanted.empty() || std::find(names.begin(), names.end(), wanted) != names.end()) continue;
      const auto near = nearest(wanted, names);
      const std::string hint = near ? cat({"did you mean \"", *near, "\"?"})
                                    : cat({"write ", alternatives(names), ", or add [keys.", wanted, "]"});
      fault("auth.keys", cat({"there is no key ", quoted(wanted), "; ", hint}));
    }
    algorithms();
  }

  // One of its keys must have an algorithm that the endpoint takes.
  void algorithms() {
    const auto& wanted = endpoint_.auth.algorithms;
    if (wanted.empty() || !was_read("auth")) return;
    for (const auto& key : settings_.keys) {
      const auto& names = endpoint_.auth.keys;
      if (!names.empty() && std::find(names.begin(), names.end(), key.name) == names.end()) continue;
      for (const auto& algorithm : key.algorithms) {
        if (std::find(wanted.begin(), wanted.end(), algorithm) != wanted.end()) return;
      }
    }
    fault("auth.algorithms", cat({"none of its keys has ", alternatives(wanted),
                                  "; add it to a key's algorithms, or write what the keys have"}));
  }

  void no_key() {
    fault("auth.keys",
          "there is no key to check tokens with; write [keys.main] with secret = { env = "
          "\"CARILLON_JWT_SECRET\" },"
          " or set CARILLON_JWT_SECRET");
  }

  void keepalive() {
    const auto& beat = endpoint_.keepalive;
    if (!beat.timeout || !was_read("keepalive")) return;
    if (!beat.ping) {
      if (beat.data_counts) return;
      fault_at(of_file("keepalive.timeout", "keepalive.ping"), "keepalive.timeout",
               cat({show_duration(*beat.timeout),
                    " without pings would drop every client; write keepalive.timeout = \"off\","
                    " or keepalive.ping"}));
    } else if (*beat.timeout < *beat.ping) {
      fault_at(
          of_file("keepalive.timeout", "keepalive.ping"), "keepalive.timeout",
          cat({show_duration(*beat.timeout), " is less than keepalive.ping = ", show_duration(*beat.ping),
               " and would drop clients that were not pinged yet; write at least \"",
               show_duration(*beat.ping), "\""}));
    }
  }

  // Where the author of the file wrote one of two keys that contradict each other.
  Origin of_file(std::string_view key, std::string_view other) const {
    const Origin origin = endpoint_.origin_of(key);
    return origin.source == endpoint_.origin.source && written(key) ? origin : endpoint_.origin_of(other);
  }

  const EndpointSettings& endpoint_;
  const Settings& settings_;
  const std::string& prefix_;
  Report& report_;
};

// A literal path may be one that a path with a parameter matches: the literal one is looked for first.
bool paths_clash(const std::string& here, const std::string& earlier) {
  if (here.empty() || earlier.empty()) return false;
  if (here == earlier) return true;
  const auto one = http::PathPattern::parse(here);
  const auto other = http::PathPattern::parse(earlier);
  return one && other && !one->names().empty() && !other->names().empty() && one->overlaps(*other);
}

}  // namespace

void check_endpoint(const EndpointSettings& endpoint, const Settings& settings, const std::string& prefix,
                    Report& report) {
  EndpointCheck(endpoint, settings, prefix, report).all();
}

void check_endpoints_differ(const std::vector<EndpointSettings>& endpoints, Report& report) {
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    const std::string prefix = cat({"endpoint[", std::to_string(i), "]"});
    const EndpointSettings& here = endpoints[i];
    bool name_taken = false;
    bool path_taken = false;
    for (std::size_t j = 0; j < i; ++j) {
      const EndpointSettings& earlier = endpoints[j];
      if (!name_taken && !here.name.empty() && here.name == earlier.name) {
        name_taken = true;
        report.error(here.origin_of("name"), prefix + ".name",
                     cat({quoted(here.name), " is already the name of the endpoint at ",
                          earlier.origin.text(), "; write another name"}));
      }
      if (!path_taken && paths_clash(here.path, earlier.path)) {
        path_taken = true;
        const Origin origin = here.origin_of("path");
        const std::string taken =
            here.path == earlier.path
                ? std::string(" is already")
                : cat({" matches some of the same requests as ", quoted(earlier.path), ","});
        report.error(origin.source == here.origin.source ? origin : here.origin, prefix + ".path",
                     cat({quoted(here.path), taken, " the path of the endpoint at ", earlier.origin.text(),
                          "; write another path"}));
      }
    }
  }
}

}  // namespace carillon::config
