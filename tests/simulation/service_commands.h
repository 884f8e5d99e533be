// ServiceCommands: what one client of the service profile sends, chosen by the dice: subscriptions, some of
// them for missed events, and messages of its own. Its Expectations get to know each.
#pragma once

#include <string>
#include <string_view>

#include "client_host.h"
#include "expectations.h"
#include "wire.h"

namespace carillon::simulation {

class ServiceCommands {
 public:
  // All of them outlive it; the wire is connected.
  ServiceCommands(ClientHost& host, const NodeView& node, Wire& wire, Expectations& expected)
      : host_(host), node_(node), wire_(wire), expected_(expected) {}

  void send_one();
  // Subscribes again to the channels of an earlier connection, all in one turn.
  void come_back(const Expectations::Positions& positions);

 private:
  void subscribe(const std::string& channel);
  void ask_for_past(const std::string& channel, std::string_view position);
  void publish_message();

  ClientHost& host_;
  const NodeView& node_;
  Wire& wire_;
  Expectations& expected_;
};

}  // namespace carillon::simulation
