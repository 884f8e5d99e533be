// What `carillon listen` connects to and sends first, from its arguments and the configuration.
//
// Pure; thread: any.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/command/client_config.h"
#include "app/command/gateway_address.h"
#include "app/command/verbs.h"
#include "base/result.h"
#include "base/time.h"

namespace carillon::app {

// One WebSocket connection.
struct ListenCall {
  WebUrl url;
  TlsTrust trust;
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::string> subprotocols;
  std::vector<std::string> hellos;  // messages to send at once
  std::string secret;               // the token or key in it, which must not be shown; empty: none

  // The URL without its query, which may have the token.
  std::string shown() const;
};

// ListenPlan: makes one call after the other, each with a token of its own.
class ListenPlan {
 public:
  // `config` is null where only the URL counts. The error says what to write.
  ListenPlan(ListenPlan&&) = default;
  ListenPlan(const ListenPlan&) = delete;  // endpoint_ points into config_
  static Result<ListenPlan> make(const ListenArguments& arguments, const ClientConfig* config);

  // Returns the call of a connection that begins now. Fails when no token can be made.
  Result<ListenCall> call(WallTime now) const;

 private:
  ListenPlan(ListenCall base, const ListenArguments& arguments)
      : base_(std::move(base)), arguments_(arguments) {}
  std::optional<Error> add_selection(const config::EndpointSettings& endpoint);
  Result<std::string> credential(WallTime now) const;
  std::string cannot_mint() const;

  ListenCall base_;  // without the token
  ListenArguments arguments_;
  std::optional<ClientConfig> config_;
  const config::EndpointSettings* endpoint_ = nullptr;  // in config_'s vector, which does not move with it
};

// Adds a parameter to the query of a target.
void add_parameter(std::string& target, const std::string& name, const std::string& value);

}  // namespace carillon::app
