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

// What operators may do to the process. Called on the admin server's thread; each function answers once, on
// any thread.
struct AdminActions {
  // Reloads; `done` is called once every shard uses the new settings, or none does.
  std::function<void(gateway::Node::Removed, std::function<void(ReloadReport)> done)> reload;
  // Sends the listening sockets to a process that takes over. Nothing changes here.
  std::function<void(AdminServer::Respond)> offer_sockets;
  // Sends the history to that process, once the marker has come back from the bus.
  std::function<void(std::string marker, AdminServer::Respond)> offer_history;
  // That process accepts from them now: stops listening and drains.
  std::function<void(AdminServer::Respond)> hand_over;
};

class Admin {
 public:
  Admin(Api& api, AdminActions actions) : api_(api), actions_(std::move(actions)) {}

  void handle(const AdminServer::Request& request, const AdminServer::Respond& respond);

 private:
  void offer_history(const AdminServer::Request& request, const AdminServer::Respond& respond);

  Api& api_;
  const AdminActions actions_;
};

}  // namespace carillon::api
