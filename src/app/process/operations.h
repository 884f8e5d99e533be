#pragma once

#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include "api/admin.h"
#include "api/admin_server.h"
#include "api/api.h"
#include "app/process/log_writer.h"
#include "app/process/reloader.h"
#include "app/process/service_manager.h"
#include "app/process/signal_policy.h"
#include "gateway/gateway.h"

namespace carillon::app {

// Operations: what operators may do to the process through its admin side: reload it, and have another
// process take over its sockets and its history.
//
// Thread: loop 0's; what the admin side asks for is posted there.
class Operations {
 public:
  // All of it outlives this. `reloader`: null where the configuration cannot be reloaded.
  struct Parts {
    gateway::Gateway& gateway;
    api::Api& api;
    LogWriter& log;
    const ServiceManager& manager;
    SignalPolicy& policy;
    Reloader* reloader;
  };
  explicit Operations(Parts parts);
  ~Operations();
  Operations(const Operations&) = delete;
  Operations& operator=(const Operations&) = delete;

  // Opens the control socket and the admin addresses, if the settings have any.
  Result<std::monostate> open(reactor::UnixListener::Existing existing);
  // New keys for the admin addresses.
  void use(const config::Settings& settings);

 private:
  api::AdminActions actions();
  void offer_sockets(const api::AdminServer::Respond& respond);
  api::AdminServer::Answer handover_answer(std::vector<gateway::SocketCopy> copies);
  void offer_history(std::string_view marker, const api::AdminServer::Respond& respond);
  void send_history(gateway::OfferedHistory offered, const api::AdminServer::Respond& respond);
  void hand_over(const api::AdminServer::Respond& respond);

  const Parts parts_;
  api::Admin admin_;
  std::unique_ptr<api::AdminServer> server_;  // null: there is no admin side
  std::thread history_writer_;                // of the last history that was handed over
};

}  // namespace carillon::app
