// Compiled: the settings and endpoints of a configuration that a test writes as TOML, with the engine's rules
// for them. For tests of one class of the gateway, without a Shard.
#pragma once

#include <gtest/gtest.h>

#include <string_view>
#include <utility>
#include <vector>

#include "client/counters.h"
#include "config/test_environment.h"
#include "fanout/fan_out.h"
#include "protocol/endpoint_table.h"

namespace carillon::gateway::testing {

using namespace client;
using namespace protocol;

struct Compiled {
  // `change` may alter each endpoint in a way that no configuration does yet.
  explicit Compiled(
      std::string_view toml, void (*change)(protocol::Endpoint&) = [](protocol::Endpoint&) {})
      : settings(load(toml)), endpoints(protocol::compile_endpoints(settings).endpoints) {
    for (const protocol::Endpoint& endpoint : endpoints) change(const_cast<protocol::Endpoint&>(endpoint));
  }

  static config::Settings load(std::string_view toml) {
    config::Loaded loaded = config::load_good(toml);
    for (const config::Problem& problem : loaded.errors) ADD_FAILURE() << problem.text();
    return std::move(loaded.settings);
  }
  fanout::LagRules lag_rules() const { return endpoints.lag_rules(); }

  config::Settings settings;
  protocol::EndpointTable endpoints;
};

}  // namespace carillon::gateway::testing
