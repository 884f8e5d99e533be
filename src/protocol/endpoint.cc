#include "protocol/endpoint.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <string>

#include "config/frame_variables.h"
#include "config/lag_kind.h"
#include "http/accept.h"
#include "protocol/endpoint_table.h"
#include "transport/ndjson.h"
#include "transport/sse.h"
#include "transport/websocket.h"

namespace carillon::protocol {
namespace {

fanout::LagPolicy policy_of(config::LagPolicy policy) {
  switch (policy) {
    case config::LagPolicy::skip:
      return fanout::LagPolicy::skip;
    case config::LagPolicy::latest:
      return fanout::LagPolicy::latest;
    case config::LagPolicy::disconnect:
      break;
  }
  return fanout::LagPolicy::disconnect;
}

fanout::LagRule lag_rule_of(const config::EndpointSettings& settings) {
  fanout::LagRule rule;
  rule.policy = policy_of(settings.lag.policy);
  rule.bytes_max = settings.lag.bytes_max;
  rule.grace_ms = static_cast<std::uint32_t>(settings.lag.grace.count());
  rule.age_ms_max = static_cast<std::uint32_t>(settings.lag.age_max.count());
  rule.replay_ms_max = static_cast<std::uint32_t>(settings.resume.timeout.count());
  return rule;
}

static_assert(fanout::kPoliciesMax == 1 + config::kLagOverridesMax);

// Rule 0 is the endpoint's own; each override has the one with its number, from 1.
EndpointLag lag_of(const config::EndpointSettings& settings) {
  const auto& from = settings.lag;
  EndpointLag lag;
  lag.limits = lag_rule_of(settings);
  lag.log_rules[fanout::kDefaultPolicy] = {policy_of(from.policy), from.bytes_max};
  for (std::size_t i = 0; i < from.overrides.size(); ++i) {
    const config::LagOverride& each = from.overrides[i];
    lag.log_rules.at(i + 1) = {policy_of(each.policy), each.bytes_max ? each.bytes_max : from.bytes_max};
    for (const std::string& text : each.channels) {
      auto pattern = ChannelPattern::parse(text);
      if (pattern) lag.channels.add(std::move(*pattern), static_cast<fanout::PolicyId>(i + 1));
    }
  }
  return lag;
}

const transport::WireFormat& format_of(config::Transport transport) {
  switch (transport) {
    case config::Transport::sse:
      return transport::sse_format();
    case config::Transport::ndjson:
      return transport::ndjson_format();
    case config::Transport::websocket:
      break;
  }
  return transport::websocket_format();
}

// A client of a stream cannot answer a heartbeat: that its system acknowledges one stands for the pong.
config::EndpointSettings::KeepaliveSettings keepalive_of(const config::EndpointSettings& settings,
                                                         config::Transport transport) {
  if (transport == config::Transport::websocket) return settings.keepalive;
  config::EndpointSettings::KeepaliveSettings keepalive;
  keepalive.ping = settings.keepalive.stream;
  if (keepalive.ping) keepalive.timeout = *keepalive.ping * 2;
  return keepalive;
}

websocket::ReaderLimits reader_limits_of(const config::EndpointSettings& settings, bool reads_messages) {
  websocket::ReaderLimits limits;
  limits.message_bytes_max =
      settings.inbound.message_bytes_max.value.value_or(std::numeric_limits<std::uint64_t>::max());
  limits.fragments_max = static_cast<std::uint32_t>(
      settings.inbound.fragments_max.value.value_or(std::numeric_limits<std::uint32_t>::max()));
  limits.payload = reads_messages ? websocket::Payload::collect : websocket::Payload::discard;
  return limits;
}

std::vector<config::KeySettings> keys_for(const config::EndpointAuth& auth,
                                          const std::vector<config::KeySettings>& all) {
  const auto lists = [](const std::vector<std::string>& list, const std::string& name) {
    return list.empty() || std::find(list.begin(), list.end(), name) != list.end();
  };
  std::vector<config::KeySettings> keys;
  for (config::KeySettings key : all) {
    if (!lists(auth.keys, key.name)) continue;
    std::erase_if(key.algorithms, [&](const std::string& name) { return !lists(auth.algorithms, name); });
    if (!key.algorithms.empty()) keys.push_back(std::move(key));
  }
  return keys;
}

// Collects what cannot be compiled, each with the place where it was written.
class Compiler {
 public:
  explicit Compiler(std::vector<config::Problem>& problems) : problems_(problems) {}

  // What is the same for each of its transports.
  std::unique_ptr<Endpoint> compile(const config::EndpointSettings& settings,
                                    const std::vector<config::KeySettings>& keys) {
    auto endpoint = std::make_unique<Endpoint>();
    endpoint->settings = settings;
    if (settings.select.by == config::SelectBy::path) {
      if (auto pattern = http::PathPattern::parse(settings.path))
        endpoint->path_pattern = std::move(*pattern);
    }
    endpoint->source = Source::compile(settings);
    endpoint->commands = Commands::compile(settings);
    endpoint->replies = Replies::compile(settings);
    if (!settings.frames.event.empty()) {
      auto event = json::Template::compile(settings.frames.event, config::kEventVariables);
      if (event) endpoint->event_frame = std::move(*event);
      if (!event) complain(settings, "frames.event", event.error());
    }
    if (auto origins = auth::OriginPolicy::parse(settings.origins)) {
      endpoint->origins = std::move(*origins);
    } else {
      complain(settings, "origins", origins.error());
    }
    endpoint->keys = keys_for(settings.auth, keys);
    endpoint->reader_limits = reader_limits_of(settings, endpoint->reads_messages());
    endpoint->lag = lag_of(settings);
    endpoint->token_missing = RefusalReply::compile(settings.auth.missing);
    endpoint->token_invalid = RefusalReply::compile(settings.auth.invalid);
    return endpoint;
  }

 private:
  void complain(const config::EndpointSettings& settings, std::string_view key, const Error& error) {
    problems_.push_back({settings.origin_of(key), std::string(key), error.message});
  }

  std::vector<config::Problem>& problems_;
};

// One problem for the endpoint whose transports are too many.
std::optional<config::Problem> too_many(const std::vector<config::EndpointSettings>& endpoints) {
  std::size_t count = 0;
  for (const config::EndpointSettings& each : endpoints) {
    count += each.streams.transports.size();
    if (count <= kEndpointsMax) continue;
    const std::string most = std::to_string(kEndpointsMax);
    return config::Problem{each.origin, "endpoint",
                           "all endpoints together have more than " + most +
                               " transports (`transports`; one without it has one); remove some"};
  }
  return std::nullopt;
}

struct EndpointPlace {
  std::size_t index;
  std::size_t primary;
  config::Transport transport;
};

void set_place(Endpoint& endpoint, const EndpointPlace& place) {
  endpoint.index = static_cast<std::uint16_t>(place.index);
  endpoint.group = static_cast<fanout::GroupId>(place.index + 1);
  endpoint.transport.kind = place.transport;
  endpoint.transport.format = &format_of(place.transport);
  endpoint.transport.keepalive = keepalive_of(endpoint.settings, place.transport);
  endpoint.transport.primary = static_cast<std::uint16_t>(place.primary);
}

}  // namespace

CompiledEndpoints compile_endpoints(const config::Settings& settings) {
  CompiledEndpoints compiled;
  if (auto problem = too_many(settings.endpoints)) {
    compiled.problems.push_back(std::move(*problem));
    return compiled;
  }
  // The primary endpoints come first, in the order of the file. Another transport has the same problems as
  // its primary endpoint, so they are not reported again.
  Compiler compiler(compiled.problems);
  std::size_t next = settings.endpoints.size();
  for (std::size_t i = 0; i < settings.endpoints.size(); ++i) {
    const config::EndpointSettings& each = settings.endpoints[i];
    auto primary = compiler.compile(each, settings.keys);
    set_place(*primary, {i, i, each.streams.transports.front()});
    for (std::size_t t = 1; t < each.streams.transports.size(); ++t) {
      primary->transport.further.push_back(static_cast<std::uint16_t>(next++));
    }
    compiled.endpoints.push_back(Ref<const Endpoint>::adopt(primary.release()));
  }
  std::vector<config::Problem> known;
  Compiler again(known);
  for (std::size_t i = 0; i < settings.endpoints.size(); ++i) {
    const config::EndpointSettings& each = settings.endpoints[i];
    for (std::size_t t = 1; t < each.streams.transports.size(); ++t) {
      auto further = again.compile(each, settings.keys);
      set_place(*further, {compiled.endpoints.size(), i, each.streams.transports[t]});
      compiled.endpoints.push_back(Ref<const Endpoint>::adopt(further.release()));
    }
  }
  return compiled;
}

const Endpoint* EndpointTable::at_path(std::string_view path, std::string_view raw_path) const {
  for (const Endpoint& endpoint : *this) {
    if (endpoint.is_primary() && endpoint.settings.path == raw_path) return &endpoint;
  }
  for (const Endpoint& endpoint : *this) {
    if (!endpoint.is_primary() || !endpoint.path_pattern) continue;
    if (endpoint.path_pattern->match(path, raw_path)) return &endpoint;
  }
  return nullptr;
}

const Endpoint* EndpointTable::for_request(const http::RequestHead& head) const {
  const Endpoint* const primary = at_path(head.path, head.raw_path);
  if (!primary || primary->transport.further.empty()) return primary;
  const bool upgrades = head.has_token("Upgrade", "websocket");
  const auto preference = [&](const Endpoint& endpoint) {
    if (!endpoint.is_stream()) return upgrades ? std::numeric_limits<int>::max() : 0;
    return http::preference_for(head, endpoint.format().content_type());
  };
  const Endpoint* best = primary;
  int most = preference(*primary);
  for (const std::uint16_t number : primary->transport.further) {
    const Endpoint& further = (*this)[number];
    const int here = preference(further);
    // A request that asks for no transport is answered by the WebSocket's endpoint, which explains itself.
    if (here > most || (most == 0 && !further.is_stream())) best = &further;
    most = std::max(most, here);
  }
  return best;
}

fanout::LagRules EndpointTable::lag_rules() const {
  fanout::LagRules rules;
  rules.groups.emplace_back();
  for (const Endpoint& endpoint : *this) {
    rules.groups.push_back(endpoint.lag.limits);
    rules.logs.push_back(endpoint.lag.log_rules);
  }
  return rules;
}

bool EndpointTable::are_the_same(const List& now, const List& next) {
  return std::equal(now.begin(), now.end(), next.begin(), next.end(), [](const auto& one, const auto& other) {
    return one->index == other->index && one->settings.name == other->settings.name &&
           one->settings.path == other->settings.path && one->transport.kind == other->transport.kind &&
           one->primary() == other->primary();
  });
}

}  // namespace carillon::protocol
