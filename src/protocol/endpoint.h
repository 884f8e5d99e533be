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
#include "transport/wire_format.h"
#include "websocket/frame_reader.h"

namespace carillon::protocol {

// How the clients of a compiled endpoint receive events, and which other ones are of the same [[endpoint]].
struct EndpointTransport {
  config::Transport kind = config::Transport::websocket;
  const transport::WireFormat* format = nullptr;
  config::EndpointSettings::KeepaliveSettings keepalive;  // as they apply to this transport
  std::uint16_t primary = 0;                              // the number of the primary one
  std::vector<std::uint16_t> further;                     // of the primary one: the numbers of the others
};

// What happens to clients of an endpoint that are too far behind.
struct EndpointLag {
  fanout::LagRule limits;
  fanout::LogRules log_rules;        // its own rule, and those of lag.overrides in their order
  fanout::ChannelPolicies channels;  // which of these the log of a channel has
};

// Endpoint: a compiled profile, for the clients of one transport. It has everything that the engine needs to
// know about one client protocol, made once from its settings; no profile has code of its own. An
// [[endpoint]] with several transports is compiled once for each: every one has its own number, logs and
// counters, and all have the same settings. The first of them, the primary one, is the one by which its
// limits count.
//
// Immutable, and shared by all shards and the Router, each of which holds a Ref (endpoint_table.h).
struct Endpoint : RefCounted {
  static void destroy(const Endpoint* endpoint) { delete endpoint; }

  config::EndpointSettings settings;
  std::uint16_t index = 0;
  EndpointTransport transport;
  std::optional<http::PathPattern> path_pattern;  // of select.by = "path:…"; it has one parameter
  Source source;
  std::optional<json::Template> event_frame;
  Commands commands;
  Replies replies;
  auth::OriginPolicy origins;
  std::vector<config::KeySettings> keys;  // that may sign its tokens
  websocket::ReaderLimits reader_limits;
  EndpointLag lag;
  fanout::GroupId group = 0;  // of its clients; 0 is for sockets that still speak HTTP
  RefusalReply token_missing;
  RefusalReply token_invalid;

  std::uint16_t primary() const { return transport.primary; }
  bool is_primary() const { return transport.primary == index; }
  // Whether its clients receive a response that does not end, instead of a WebSocket.
  bool is_stream() const { return transport.kind != config::Transport::websocket; }
  // Whether its events are retained for clients that come back.
  bool has_history() const { return !settings.history.empty(); }
  const transport::WireFormat& format() const { return *transport.format; }
  bool receives_events() const { return event_frame.has_value() && !source.is_empty(); }
  // What happens to its clients when the bus may have lost events; never `automatic`.
  config::OnGap on_gap() const {
    if (settings.source.on_gap != config::OnGap::automatic) return settings.source.on_gap;
    return replies.has_gap() ? config::OnGap::report : config::OnGap::stay;
  }
  // Returns whether messages are parsed, or only measured.
  bool reads_messages() const {
    return commands.exist() || settings.inbound.reply != config::InboundReply::none;
  }
};

// At most this many compiled endpoints: the transports of all [[endpoint]] tables.
inline constexpr std::size_t kEndpointsMax = config::kEndpointsMax;

// The compiled endpoints of a configuration, or its problems.
struct CompiledEndpoints {
  std::vector<Ref<const Endpoint>> endpoints;
  std::vector<config::Problem> problems;  // empty when all is well
};
CompiledEndpoints compile_endpoints(const config::Settings& settings);

}  // namespace carillon::protocol
