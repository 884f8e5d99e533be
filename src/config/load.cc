#include "config/load.h"

#include <algorithm>
#include <array>
#include <thread>

#include "config/api_key.h"
#include "config/apply.h"
#include "config/check.h"
#include "config/descriptor_demand.h"
#include "config/endpoint_loader.h"
#include "config/options.h"
#include "config/route_kind.h"
#include "config/text.h"
#include "config/text_checks.h"
#include "config/toml_text.h"
#include "config/value_kinds.h"
#include "config/variables.h"

namespace carillon::config {
namespace {

constexpr std::size_t kKeysMax = 64;

class Loader {
 public:
  Loader(std::string_view source, const Environment& environment)
      : source_(source),
        variables_(environment),
        environment_(variables_.environment()),
        reading_{environment_, report_},
        endpoints_(source_, reading_) {}

  Loaded run(std::string_view text) && {
    Loaded loaded;
    auto root = read_toml(text);
    if (!root) {
      report_.error(at(root.error().line), "", root.error().message);
    } else {
      load_root(*root);
      variables_.report_unknown(report_);
      loaded.settings = std::move(settings_);
      loaded.written = std::move(written_);
    }
    std::move(report_).move_into(loaded, source_);
    for (Problem& problem : loaded.errors) endpoints_.shorten_key(problem);
    for (Problem& problem : loaded.warnings) endpoints_.shorten_key(problem);
    return loaded;
  }

 private:
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
    load_table(root, "api", api_options(settings_.api));
    load_table(root, "log", log_options(settings_.log));
    load_table(root, "admin", admin_options(settings_.admin));
    check_admin(settings_, at(0), report_);
    load_keys(root);
    add_environment();
    endpoints_.load(root, settings_);
    if (const Node* routes = root.find("route")) {
      RoutesKind{}.read({*routes, at(routes->line), "route"}, reading_, settings_.routes);
    }
    check_routes(settings_, report_);
    check_bounds(settings_, written_.front().second, at(0), report_);
  }

  // The table of the file, and on top of it what the environment sets. Returns where its keys were written.
  Written load_table(const Node& root, std::string_view name, const std::vector<Option>& options) {
    const std::string prefix = cat({name, "."});
    Written written;
    if (const Node* table = root.find(name)) read_table(*table, name, options, written);
    apply_variables(options, prefix, reading_, written);
    written_.emplace_back(name, written);
    return written;
  }

  void read_table(const Node& table, std::string_view name, const std::vector<Option>& options,
                  Written& written) {
    if (table.kind != Node::Kind::table) {
      report_.error(at(table.line), std::string(name),
                    cat({"expected a table, got ", shape_of(table), "; write [", name, "]"}));
      return;
    }
    apply(table, options, {source_, cat({name, "."})}, reading_, written);
  }

  void load_server(const Node& root) {
    ServerSettings& server = settings_.server;
    const Written written = load_table(root, "server", server_options(server));
    if (!is_written(written, "listen")) {
      server.listen = {{"127.0.0.1", 8000, {"default", 0}}, {"::1", 8000, {"default", 0}}};
    }
    if (server.shards == 0) server.shards = std::clamp(std::thread::hardware_concurrency(), 1U, kShardsMax);
    if (!is_written(written, "connections_max") && environment_.descriptors_max > 0) {
      const auto limit = static_cast<std::int64_t>(environment_.descriptors_max);
      const std::int64_t fitting = connections_within(limit, server.descriptor_tables());
      server.connections_max =
          static_cast<std::uint32_t>(std::min<std::int64_t>(server.connections_max, fitting));
    }
    check_server(server, written, at(0), report_);
    check_proxies(server, written, at(0), report_);
  }

  void load_bus(const Node& root) {
    const Written written = load_table(root, "bus", bus_options(settings_.bus));
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
    apply_variables(key_options(key), prefix + ".", reading_, written);
    written_.emplace_back(prefix, written);
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

  std::string source_;
  VariableLog variables_;
  const Environment& environment_;
  Report report_;
  Reading reading_;
  Settings settings_;
  EndpointLoader endpoints_;
  std::vector<std::pair<std::string, Written>> written_;  // of each table, in the order that they are read
};

}  // namespace

Loaded load(std::string_view toml_text, std::string_view source, const Environment& environment) {
  return Loader(source, environment).run(toml_text);
}

}  // namespace carillon::config
