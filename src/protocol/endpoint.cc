#include "protocol/endpoint.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <string>

#include "config/frame_variables.h"
#include "protocol/endpoint_table.h"

namespace carillon::protocol {
namespace {

fanout::LagRule lag_rule_of(const config::EndpointSettings& settings) {
  fanout::LagRule rule;
  rule.policy = settings.lag.policy == config::LagPolicy::skip ? fanout::LagRule::Policy::skip
                                                               : fanout::LagRule::Policy::disconnect;
  rule.bytes_max = settings.lag.bytes_max;
  rule.grace_ms = static_cast<std::uint32_t>(settings.lag.grace.count());
  rule.age_ms_max = static_cast<std::uint32_t>(settings.lag.age_max.count());
  return rule;
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

  Ref<const Endpoint> compile(const config::EndpointSettings& settings, std::size_t index,
                              const std::vector<config::KeySettings>& keys) {
    auto endpoint = std::make_unique<Endpoint>();
    endpoint->settings = settings;
    endpoint->index = static_cast<std::uint16_t>(index);
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
    endpoint->lag = lag_rule_of(settings);
    endpoint->lag_policy = static_cast<fanout::PolicyId>(index + 1);
    endpoint->token_missing = RefusalReply::compile(settings.auth.missing);
    endpoint->token_invalid = RefusalReply::compile(settings.auth.invalid);
    return Ref<const Endpoint>::adopt(endpoint.release());
  }

 private:
  void complain(const config::EndpointSettings& settings, std::string_view key, const Error& error) {
    problems_.push_back({settings.origin_of(key), std::string(key), error.message});
  }

  std::vector<config::Problem>& problems_;
};

}  // namespace

CompiledEndpoints compile_endpoints(const config::Settings& settings) {
  CompiledEndpoints compiled;
  Compiler compiler(compiled.problems);
  for (std::size_t i = 0; i < settings.endpoints.size(); ++i) {
    if (i == kEndpointsMax) {
      compiled.problems.push_back({settings.endpoints[i].origin, "endpoint",
                                   "more than " + std::to_string(kEndpointsMax) + " endpoints; remove some"});
      break;
    }
    compiled.endpoints.push_back(compiler.compile(settings.endpoints[i], i, settings.keys));
  }
  return compiled;
}

const Endpoint* EndpointTable::at_path(std::string_view path, std::string_view raw_path) const {
  for (const Endpoint& endpoint : *this) {
    if (endpoint.settings.path == raw_path) return &endpoint;
  }
  for (const Endpoint& endpoint : *this) {
    if (endpoint.path_pattern && endpoint.path_pattern->match(path, raw_path)) return &endpoint;
  }
  return nullptr;
}

bool EndpointTable::are_the_same(const List& now, const List& next) {
  return std::equal(now.begin(), now.end(), next.begin(), next.end(), [](const auto& one, const auto& other) {
    return one->index == other->index && one->settings.name == other->settings.name &&
           one->settings.path == other->settings.path;
  });
}

}  // namespace carillon::protocol
