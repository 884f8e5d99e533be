#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "auth/origin.h"
#include "base/ref.h"
#include "config/load.h"
#include "config/settings.h"
#include "fanout/lag_rule.h"
#include "http/path_pattern.h"
#include "json/template.h"
#include "protocol/commands.h"
#include "protocol/replies.h"
#include "protocol/source.h"
#include "websocket/frame_reader.h"

namespace carillon::protocol {

// Endpoint: a compiled profile. It has everything that the engine needs to know about one client protocol,
// made once from its settings; no profile has code of its own.
//
// Immutable, and shared by all shards and the Router, each of which holds a Ref (endpoint_table.h).
struct Endpoint : RefCounted {
  static void destroy(const Endpoint* endpoint) { delete endpoint; }

  config::EndpointSettings settings;
  std::uint16_t index = 0;
  std::optional<http::PathPattern> path_pattern;  // of select.by = "path:…"; it has one parameter
  Source source;
  std::optional<json::Template> event_frame;
  Commands commands;
  Replies replies;
  auth::OriginPolicy origins;
  std::vector<config::KeySettings> keys;  // that may sign its tokens
  websocket::ReaderLimits reader_limits;
  fanout::LagRule lag;
  fanout::PolicyId lag_policy = 0;  // 0 is for sockets that still speak HTTP
  RefusalReply token_missing;
  RefusalReply token_invalid;

  // Which of the lag rules in every shard's engine is its own.
  fanout::PolicyId policy() const { return lag_policy; }
  bool receives_events() const { return event_frame.has_value() && !source.is_empty(); }
  // Returns whether messages are parsed, or only measured.
  bool reads_messages() const {
    return commands.exist() || settings.inbound.reply != config::InboundReply::none;
  }
};

// At most this many [[endpoint]] tables.
inline constexpr std::size_t kEndpointsMax = config::kEndpointsMax;

// The compiled endpoints of a configuration, or its problems.
struct CompiledEndpoints {
  std::vector<Ref<const Endpoint>> endpoints;
  std::vector<config::Problem> problems;  // empty when all is well
};
CompiledEndpoints compile_endpoints(const config::Settings& settings);

}  // namespace carillon::protocol
