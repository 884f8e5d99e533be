// Admin: answers the requests that AdminServer receives: reloads of the configuration, health, readiness,
// metrics.
//
// Thread: the admin server's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/admin_server.h"
#include "api/api.h"
#include "config/changes.h"

namespace carillon::api {

// How a reload ended.
struct ReloadReport {
  std::vector<std::string> errors;      // empty: the new settings are in use on every shard
  std::vector<config::Change> changes;  // also those that wait for a restart
  std::vector<std::string> warnings;
};
// {"reloaded":true,"changes":[{"key":…,"before":…,"now":…,"applies_at":"reload"}],"warnings":[…],"errors":[…]}
std::string json_of(const ReloadReport& report);

class Admin {
 public:
  // Reloads and calls `done`, on any thread, once every shard uses the new settings, or none does.
  using Reload = std::function<void(std::function<void(ReloadReport)> done)>;

  Admin(Api& api, Reload reload) : api_(api), reload_(std::move(reload)) {}

  void handle(const AdminServer::Request& request, const AdminServer::Respond& respond);

 private:
  Api& api_;
  const Reload reload_;
};

}  // namespace carillon::api
