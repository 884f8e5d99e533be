#include "config/load.h"

#include <algorithm>
#include <array>
#include <deque>
#include <thread>

#include "config/api_key.h"
#include "config/apply.h"
#include "config/check.h"
#include "config/options.h"
#include "config/route_kind.h"
#include "config/text.h"
#include "config/text_checks.h"
#include "config/toml_text.h"
#include "config/value_kinds.h"

namespace carillon::config {
namespace {

constexpr std::size_t kKeysMax = 64;
constexpr std::string_view kProfileSuffix = ".toml";

std::vector<std::string> profile_names() {
  std::vector<std::string> names;
  for (const auto& profile : embedded_profiles()) names.emplace_back(profile.name);
  return names;
}

// 10s where TOML has "10s": for notes, where a quote around a plain word only disturbs, and two of them
// around nothing mean nothing.
std::string bare(const std::string& toml) {
  if (toml == "\"\"") return "none";
  if (toml == "\"(secret)\"") return "(secret)";
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const bool is_word =
      toml.size() > 2 && toml.front() == '"' && std::all_of(toml.begin() + 1, toml.end() - 1, plain);
  return is_word ? toml.substr(1, toml.size() - 2) : toml;
}

class Loader {
 public:
  Loader(std::string_view source, const Environment& environment)
      : source_(source), environment_(environment), reading_{environment, report_} {}

  Loaded run(std::string_view text) && {
    Loaded loaded;
    auto root = read_toml(text);
    if (!root) {
      report_.error(at(root.error().line), "", root.error().message);
    } else {
      load_root(*root);
      loaded.settings = std::move(settings_);
    }
    std::move(report_).move_into(loaded, source_);
    for (Problem& problem : loaded.errors) shorten_key(problem);
    for (Problem& problem : loaded.warnings) shorten_key(problem);
    return loaded;
  }

 private:
  // In a profile's file the key is written without the endpoint: "frames.event", not
  // "endpoint[0].frames.event".
  void shorten_key(Problem& problem) const {
    const bool is_in_a_profile =
        std::any_of(profile_files_.begin(), profile_files_.end(),
                    [&](const ProfileFile& file) { return file.path == problem.origin.source; });
    const std::size_t end = problem.key.find("].");
    if (!is_in_a_profile || !problem.key.starts_with("endpoint[") || end == std::string::npos) return;
    problem.key.erase(0, end + 2);
  }

  Origin at(std::uint32_t line) const { return {source_, line}; }

  void load_root(const Node& root) {
    static constexpr std::array<std::string_view, 8> kTables = {"server", "bus", "keys",     "api",
                                                                "admin",  "log", "endpoint", "route"};
    const std::vector<std::string> names(kTables.begin(), kTables.end());
    for (const Node& value : root.members) {
      const std::string& name = value.name;
      if (std::find(names.begin(), names.end(), name) != names.end()) continue;
      report_.error(at(value.line), printable(name), report_.is_full() ? "" : unknown_key(name, names));
    }
    load_server(root);
    load_bus(root);
    Written unused;
    load_table(root, "api", api_options(settings_.api), unused);
    load_table(root, "log", log_options(settings_.log), unused);
    load_table(root, "admin", admin_options(settings_.admin), unused);
    check_admin(settings_, at(0), report_);
    load_keys(root);
    add_environment();
    load_endpoints(root);
    if (const Node* routes = root.find("route")) {
      RoutesKind{}.read({*routes, at(routes->line), "route"}, reading_, settings_.routes);
    }
    check_routes(settings_, report_);
    check_bounds(settings_, server_written_, at(0), report_);
  }

  void load_table(const Node& root, std::string_view name, const std::vector<Option>& options,
                  Written& written) {
    const Node* table = root.find(name);
    if (table == nullptr) return;
    if (table->kind != Node::Kind::table) {
      report_.error(at(table->line), std::string(name),
                    cat({"expected a table, got ", shape_of(*table), "; write [", name, "]"}));
      return;
    }
    apply(*table, options, {source_, cat({name, "."})}, reading_, written);
  }

  void load_server(const Node& root) {
    ServerSettings& server = settings_.server;
    Written& written = server_written_;
    load_table(root, "server", server_options(server), written);
    if (!is_written(written, "listen")) {
      server.listen = {{"127.0.0.1", 8000, {"default", 0}}, {"::1", 8000, {"default", 0}}};
    }
    if (server.shards == 0) server.shards = std::clamp(std::thread::hardware_concurrency(), 1U, kShardsMax);
    check_server(server, written, at(0), report_);
    check_proxies(server, written, at(0), report_);
  }

  void load_bus(const Node& root) {
    Written written;
    load_table(root, "bus", bus_options(settings_.bus), written);
    settings_.bus.origin = origin_in(written, "url", {"default", 0});
    check_bus(settings_.bus, written, at(0), report_);
    check_bus_certificates(origin_in(written, "tls_ca_file", at(0)));
  }

  // The bus reads the file whenever it connects; this checks that it can be read.
  void check_bus_certificates(const Origin& origin) {
    const std::string& path = settings_.bus.tls_ca_file;
    if (path.empty()) return;
    if (!settings_.bus.url.starts_with("rediss:") && !report_.has_error_at("bus.url")) {
      report_.warning(origin, "bus.tls_ca_file",
                      "has no effect, because bus.url does not use TLS; write rediss://…, or leave it out");
    }
    check_certificates(path, origin, "bus.tls_ca_file");
  }

  // A file of certificates that is read again whenever it is used must be readable and PEM now.
  void check_certificates(const std::string& path, const Origin& origin, const std::string& key) {
    const auto content = environment_.read_file(path);
    if (!content) {
      report_.error(origin, key,
                    cat({"cannot read the file ", quoted(path), ": ", content.error().message,
                         "; write the path of a readable file"}));
    } else if (content->find("CERTIFICATE-----") == std::string::npos) {
      report_.error(origin, key,
                    cat({"the file ", quoted(path),
                         " holds no PEM certificate; write the path of one with "
                         "\"-----BEGIN CERTIFICATE-----\""}));
    }
  }

  // --- keys -------------------------------------------------------------------------------------

  void load_keys(const Node& root) {
    const Node* keys = root.find("keys");
    if (keys == nullptr) return;
    if (keys->kind != Node::Kind::table) {
      // The value stays out of the message: it may be the secret itself.
      report_.error(at(keys->line), "keys",
                    cat({"expected a table, got ", shape_of(*keys), "; write [keys.main]"}));
      return;
    }
    if (keys->members.size() > kKeysMax) {
      report_.error(at(keys->line), "keys",
                    cat({"has ", std::to_string(keys->members.size()), " keys; write at most 64"}));
      return;
    }
    for (const Node& table : keys->members) load_key(table.name, table);
    check_key_sets(settings_.keys, report_);
  }

  void load_key(const std::string& name, const Node& table) {
    const std::string prefix = "keys." + printable(name);
    const auto complaint = check_name(name);
    if (complaint) report_.error(at(table.line), prefix, *complaint);
    if (table.kind != Node::Kind::table) {
      report_.error(
          at(table.line), prefix,
          cat({"expected a table, got ", shape_of(table), "; write [keys.main], and below it secret"}));
      return;
    }
    KeySettings& key = settings_.keys.emplace_back();
    key.name = name;
    key.origin = at(table.line);
    Written written;
    apply(table, key_options(key), {source_, prefix + "."}, reading_, written);
    check_key(key, written, prefix, report_);
    if (!key.jwks_ca_file.empty()) {
      check_certificates(key.jwks_ca_file, origin_in(written, "jwks_ca_file", key.origin),
                         prefix + ".jwks_ca_file");
    }
  }

  // A variable that is set to nothing counts as not set, but its author should know.
  std::optional<std::string> variable(std::string_view name) {
    auto value = environment_.variable(name);
    if (value && value->empty()) {
      report_.warning({"environment", 0}, std::string(name),
                      "is empty and counts as not set; give it a value");
      return std::nullopt;
    }
    return value;
  }

  void add_environment() {
    if (settings_.keys.empty()) {
      if (auto secret = variable(kJwtSecretVariable)) {
        KeySettings& key = settings_.keys.emplace_back();
        key.name = "env";
        key.algorithms = {"HS256"};
        key.secret = Secret(std::move(*secret));
        key.origin = {"environment", 0};
      }
    }
    if (auto api_key = variable(kApiKeyVariable)) add_api_key(std::move(*api_key));
    if (settings_.api.keys.empty() && !report_.has_error_at("api.keys")) {
      report_.warning(at(0), "api.keys",
                      "there is none, so POST /v1/publish answers 403; set CARILLON_API_KEY, or write"
                      " keys = [{ env = \"NAME\" }] in [api]");
    }
  }

  void add_api_key(std::string key) {
    const Origin origin{"environment", 0};
    const std::string name(kApiKeyVariable);
    if (const auto fault = api_key_fault(key)) return report_.error(origin, name, *fault);
    if (const auto advice = api_key_advice(key)) report_.warning(origin, name, *advice);
    settings_.api.keys.emplace_back(std::move(key));
  }

  // --- endpoints --------------------------------------------------------------------------------

  void load_endpoints(const Node& root) {
    const Node* endpoints = root.find("endpoint");
    if (endpoints == nullptr || (endpoints->kind == Node::Kind::array && endpoints->items.empty())) {
      report_.error(at(0), "endpoint", "there is none; write [[endpoint]], and below it profile = \"orion\"");
      return;
    }
    if (endpoints->kind != Node::Kind::array) {
      report_.error(at(endpoints->line), "endpoint",
                    cat({"expected an array of tables, got ", shape_of(*endpoints), "; write [[endpoint]]"}));
      return;
    }
    if (endpoints->items.size() > kEndpointsMax) {
      report_.error(at(endpoints->line), "endpoint",
                    cat({"has ", std::to_string(endpoints->items.size()), " tables; write at most ",
                         std::to_string(kEndpointsMax)}));
      return;
    }
    for (std::size_t i = 0; i < endpoints->items.size(); ++i) {
      load_endpoint(endpoints->items[i], cat({"endpoint[", std::to_string(i), "]"}));
    }
    check_endpoints_differ(settings_.endpoints, report_);
    const auto has_events = [](const EndpointSettings& e) { return !e.frames.event.empty(); };
    if (std::any_of(settings_.endpoints.begin(), settings_.endpoints.end(), has_events)) {
      report_.note("events are not buffered for absent clients: there is no replay and no recovery yet");
    }
  }

  void load_endpoint(const Node& table, const std::string& prefix) {
    if (table.kind != Node::Kind::table) {
      report_.error(
          at(table.line), prefix,
          cat({"expected a table, got ", shape_of(table), "; write [[endpoint]], and below it its keys"}));
      return;
    }
    EndpointSettings endpoint;
    endpoint.origin = at(table.line);
    const std::vector<Option> options = endpoint_options(endpoint);
    const auto profile = find_profile(table, prefix);
    if (profile) apply_profile(*profile, options, prefix, endpoint.origins_by_key);
    std::vector<std::string> before;
    before.reserve(options.size());
    for (const auto& option : options) before.push_back(option.show());
    const Written of_profile = endpoint.origins_by_key;
    apply(table, options, {source_, prefix + "."}, reading_, endpoint.origins_by_key);
    if (profile) endpoint.profile = profile->name;
    if (endpoint.name.empty() && !is_written(endpoint.origins_by_key, "name"))
      endpoint.name = endpoint.profile;
    if (profile) {
      note_overrides(endpoint, options, before, of_profile);
      check_endpoint(endpoint, settings_, prefix, report_);
      check_idle(endpoint, prefix, report_);
    }
    for (RouteSettings& route : endpoint.routes) {
      if (route.key.empty()) route.key = endpoint.route_key;
      if (route.origins.empty()) route.origins = endpoint.route_origins;
    }
    settings_.endpoints.push_back(std::move(endpoint));
  }

  std::optional<Profile> find_profile(const Node& table, const std::string& prefix) {
    const Node* name = table.find("profile");
    const std::vector<std::string> names = profile_names();
    if (name == nullptr) {
      report_.error(
          at(table.line), prefix + ".profile",
          cat({"is missing; write profile = ", alternatives(names), ", or the path of a .toml file"}));
      return std::nullopt;
    }
    if (name->kind != Node::Kind::string || check_profile(name->text))
      return std::nullopt;  // reported when it is read
    for (const auto& profile : embedded_profiles()) {
      if (profile.name == name->text) return profile;
    }
    if (name->text.ends_with(kProfileSuffix)) return read_profile(*name, prefix);
    const auto near = nearest(name->text, names);
    const std::string hint = near ? cat({"did you mean \"", *near, "\"?"}) : "write " + alternatives(names);
    report_.error(at(name->line), prefix + ".profile",
                  cat({"there is no profile ", quoted(name->text), "; ", hint}));
    return std::nullopt;
  }

  // A profile of the user's own; it is called after its file.
  std::optional<Profile> read_profile(const Node& path, const std::string& prefix) {
    auto text = environment_.read_file(path.text);
    if (!text) {
      report_.error(at(path.line), prefix + ".profile",
                    cat({"cannot read ", quoted(path.text), ": ", text.error().message,
                         "; write the path of a file, or the name of a built-in profile"}));
      return std::nullopt;
    }
    profile_files_.push_back({path.text, std::move(*text)});
    std::string_view name = profile_files_.back().path;
    name.remove_prefix(name.rfind('/') + 1);
    name.remove_suffix(kProfileSuffix.size());
    if (const auto complaint = check_name(name)) {
      report_.error(at(path.line), prefix + ".profile", *complaint);
      return std::nullopt;
    }
    return Profile{name, profile_files_.back().text, profile_files_.back().path};
  }

  void apply_profile(const Profile& profile, const std::vector<Option>& options, const std::string& prefix,
                     Written& written) {
    const std::string source =
        profile.file.empty() ? cat({"profile ", profile.name}) : std::string(profile.file);
    auto root = read_toml(profile.text);
    if (!root) {
      report_.error({source, root.error().line}, "", root.error().message);
      return;
    }
    // All but "profile", which stands first: a profile has no profile.
    const std::vector<Option> own(options.begin() + 1, options.end());
    apply(*root, own, {source, prefix + "."}, reading_, written);
  }

  void note_overrides(const EndpointSettings& endpoint, const std::vector<Option>& options,
                      const std::vector<std::string>& before, const Written& of_profile) {
    for (std::size_t i = 1; i < options.size(); ++i) {
      const std::string key(options[i].key);
      const std::string now = options[i].show();
      const bool by_file =
          endpoint.origin_of(key).source == source_ && is_written(endpoint.origins_by_key, key);
      if (!by_file || now == before[i]) continue;
      const bool by_profile = is_written(of_profile, key);
      const std::string was = key == "name" ? endpoint.profile : bare(before[i]);
      report_.note(cat({"endpoint ", printable(endpoint.name), ": ", key, " = ", bare(now), " (",
                        by_profile || key == "name" ? "profile: " : "default: ", was, ")"}));
    }
  }

  std::string source_;
  const Environment& environment_;
  Report report_;
  Reading reading_;
  Settings settings_;
  Written server_written_;
  struct ProfileFile {
    std::string path;
    std::string text;
  };
  std::deque<ProfileFile> profile_files_;  // a Profile's views point into it
};

}  // namespace

Loaded load(std::string_view toml_text, std::string_view source, const Environment& environment) {
  return Loader(source, environment).run(toml_text);
}

}  // namespace carillon::config
