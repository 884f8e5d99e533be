#include "config/changes.h"

#include <algorithm>

#include "config/listen_kind.h"
#include "config/options.h"
#include "config/route_kind.h"
#include "config/text.h"

namespace carillon::config {
namespace {

constexpr std::string_view kNone = "none";

template <class Named>
Named* find_named(std::vector<Named>& all, const std::string& name) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Named& each) { return each.name == name; });
  return found == all.end() ? nullptr : &*found;
}

// The same address with TLS. Several addresses may have port 0, so the position counts first.
const ListenSettings* find_tls(const std::vector<ListenSettings>& all, const ListenSettings& wanted,
                               std::size_t position) {
  const auto is_it = [&](const ListenSettings& each) {
    return each.tls && each.host == wanted.host && each.port == wanted.port;
  };
  if (position < all.size() && is_it(all[position])) return &all[position];
  const auto found = std::find_if(all.begin(), all.end(), is_it);
  return found == all.end() ? nullptr : &*found;
}

// Whether an address keeps TLS and has another certificate or key.
bool has_other_certificate(const ListenSettings& before, const ListenSettings& now) {
  return before.tls && now.tls &&
         (before.tls->cert_pem != now.tls->cert_pem ||
          !equal_in_constant_time(before.tls->key_pem.reveal(), now.tls->key_pem.reveal()));
}

class Comparison {
 public:
  explicit Comparison(std::vector<Change>& changes) : changes_(changes) {}

  void options(const std::string& prefix, const std::vector<Option>& before, const std::vector<Option>& now) {
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (before[i].is_as_in(now[i])) continue;
      add(prefix + std::string(before[i].key), before[i].show(), now[i].show(), before[i].applies);
    }
  }

  void keys(std::vector<KeySettings>& before, std::vector<KeySettings>& now) {
    for (KeySettings& each : before) {
      const std::string key = "keys." + each.name;
      if (KeySettings* const same = find_named(now, each.name)) {
        options(key + ".", key_options(each), key_options(*same));
      } else {
        add(key, "used", kNone, Applies::at_reload);
      }
    }
    for (const KeySettings& each : now) {
      if (!find_named(before, each.name)) add("keys." + each.name, kNone, "used", Applies::at_reload);
    }
  }

  void endpoints(std::vector<EndpointSettings>& before, std::vector<EndpointSettings>& now) {
    for (EndpointSettings& each : before) {
      const std::string key = cat({"endpoint[", each.name, "]"});
      EndpointSettings* const same = find_named(now, each.name);
      if (!same) {
        add(key, each.path, kNone, Applies::at_restart);
      } else if (each.profile != same->profile) {
        add(key + ".profile", each.profile, same->profile, Applies::at_restart);
      } else {
        options(key + ".", endpoint_options(each), endpoint_options(*same));
      }
    }
    for (const EndpointSettings& each : now) {
      if (!find_named(before, each.name)) {
        add(cat({"endpoint[", each.name, "]"}), kNone, each.path, Applies::at_restart);
      }
    }
  }

  void certificates(const std::vector<ListenSettings>& before, const std::vector<ListenSettings>& now) {
    for (std::size_t i = 0; i < before.size(); ++i) {
      const ListenSettings* const same = find_tls(now, before[i], i);
      if (same && has_other_certificate(before[i], *same)) {
        add(cat({"server.listen[", show_listen(before[i]), "].tls"}), "(PEM)", "(another PEM)",
            Applies::at_reload);
      }
    }
  }

  void routes(const std::vector<RouteSettings>& before, const std::vector<RouteSettings>& now) {
    const RoutesKind kind;
    if (!kind.same(before, now)) add("route", kind.show(before), kind.show(now), Applies::at_reload);
  }

 private:
  void add(std::string key, std::string_view before, std::string_view now, Applies applies) {
    changes_.push_back({std::move(key), std::string(before), std::string(now), applies});
  }

  std::vector<Change>& changes_;
};

void keep(const std::vector<Option>& running, const std::vector<Option>& wanted) {
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].applies == Applies::at_restart) wanted[i].copy_from(running[i]);
  }
}

// The addresses stay; one that had TLS and has it still gets its new certificate.
std::vector<ListenSettings> with_new_certificates(std::vector<ListenSettings> running,
                                                  const std::vector<ListenSettings>& wanted) {
  for (std::size_t i = 0; i < running.size(); ++i) {
    const ListenSettings* const same = find_tls(wanted, running[i], i);
    if (same && running[i].tls) running[i].tls = same->tls;
  }
  return running;
}

}  // namespace

std::string_view name_of(Applies applies) { return applies == Applies::at_reload ? "reload" : "restart"; }

std::vector<Change> changes_between(Settings before, Settings now) {
  std::vector<Change> changes;
  Comparison comparison(changes);
  comparison.options("server.", server_options(before.server), server_options(now.server));
  comparison.certificates(before.server.listen, now.server.listen);
  comparison.options("bus.", bus_options(before.bus), bus_options(now.bus));
  comparison.keys(before.keys, now.keys);
  comparison.options("api.", api_options(before.api), api_options(now.api));
  comparison.options("admin.", admin_options(before.admin), admin_options(now.admin));
  comparison.options("log.", log_options(before.log), log_options(now.log));
  comparison.endpoints(before.endpoints, now.endpoints);
  comparison.routes(before.routes, now.routes);
  return changes;
}

bool has_other_auth(const Settings& before, const Settings& now) {
  const auto concerns_auth = [](const Change& change) {
    return change.key.starts_with("keys.") || change.key.starts_with("server.token_") ||
           change.key.find("].auth.") != std::string::npos;
  };
  const std::vector<Change> changes = changes_between(before, now);
  return std::any_of(changes.begin(), changes.end(), concerns_auth);
}

Settings applicable(Settings running, Settings wanted) {
  auto listen = with_new_certificates(running.server.listen, wanted.server.listen);
  keep(server_options(running.server), server_options(wanted.server));
  keep(bus_options(running.bus), bus_options(wanted.bus));
  keep(api_options(running.api), api_options(wanted.api));
  keep(admin_options(running.admin), admin_options(wanted.admin));
  keep(log_options(running.log), log_options(wanted.log));
  wanted.server.listen = std::move(listen);
  for (EndpointSettings& each : running.endpoints) {
    EndpointSettings* const same = find_named(wanted.endpoints, each.name);
    if (!same || same->profile != each.profile) continue;
    keep(endpoint_options(each), endpoint_options(*same));
    each = std::move(*same);
  }
  wanted.endpoints = std::move(running.endpoints);
  return wanted;
}

}  // namespace carillon::config
