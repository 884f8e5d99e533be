#include "gateway/endpoint.h"

#include "config/frame_variables.h"

namespace carillon::gateway {
namespace {

http::Response response_of(const config::Refusal& refusal) {
  http::Response response;
  response.status = refusal.status;
  response.body = refusal.body;
  response.keep_alive = http::KeepAlive::close;
  for (const std::string& line : refusal.headers) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;  // config/ has refused it
    response.headers.emplace_back(line.substr(0, colon),
                                  std::string(http::trimmed(std::string_view(line).substr(colon + 1))));
  }
  return response;
}

channel::LagRule lag_rule_of(const config::EndpointSettings& settings) {
  channel::LagRule rule;
  rule.policy = settings.lag.policy == config::LagPolicy::skip ? channel::LagRule::Policy::skip
                                                               : channel::LagRule::Policy::disconnect;
  rule.bytes_max = settings.lag.bytes_max;
  rule.age_ms_max = static_cast<std::uint32_t>(settings.lag.age_max.count());
  return rule;
}

// Collects what cannot be compiled, each with the place where it was written.
class Compiler {
 public:
  explicit Compiler(std::vector<config::Problem>& problems) : problems_(problems) {}

  Endpoint compile(const config::EndpointSettings& settings, std::size_t index) {
    Endpoint endpoint;
    endpoint.settings = settings;
    endpoint.index = static_cast<std::uint16_t>(index);
    for (const std::string& text : settings.source.channels) {
      if (auto pattern = ChannelPattern::parse(text)) {
        endpoint.channels.push_back(std::move(*pattern));
      } else {
        complain(settings, "source.channels", pattern.error());
      }
    }
    if (!settings.frames.event.empty()) {
      auto event = json::Template::compile(settings.frames.event, config::kEventVariables);
      if (event) endpoint.event_frame = std::move(*event);
      if (!event) complain(settings, "frames.event", event.error());
    }
    if (auto origins = auth::OriginPolicy::parse(settings.origins)) {
      endpoint.origins = std::move(*origins);
    } else {
      complain(settings, "origins", origins.error());
    }
    endpoint.reader_limits.message_bytes_max = settings.inbound.message_bytes_max;
    endpoint.reader_limits.fragments_max = settings.inbound.fragments_max;
    endpoint.reader_limits.payload = settings.inbound.reply == config::InboundReply::none
                                         ? websocket::Payload::discard
                                         : websocket::Payload::collect;
    endpoint.lag = lag_rule_of(settings);
    endpoint.token_missing = response_of(settings.auth.missing);
    endpoint.token_invalid = response_of(settings.auth.invalid);
    return endpoint;
  }

 private:
  void complain(const config::EndpointSettings& settings, std::string_view key, const Error& error) {
    problems_.push_back({settings.origin_of(key), std::string(key), error.message});
  }

  std::vector<config::Problem>& problems_;
};

}  // namespace

std::optional<std::string_view> Endpoint::match(std::string_view bus_channel) const {
  for (const ChannelPattern& pattern : channels) {
    if (auto star = pattern.match(bus_channel)) return star;
  }
  return std::nullopt;
}

CompiledEndpoints compile_endpoints(const config::Settings& settings) {
  CompiledEndpoints compiled;
  Compiler compiler(compiled.problems);
  for (std::size_t i = 0; i < settings.endpoints.size(); ++i) {
    if (i == kEndpointsMax) {
      compiled.problems.push_back({settings.endpoints[i].origin, "endpoint",
                                   "more than " + std::to_string(kEndpointsMax) + " endpoints; remove some"});
      break;
    }
    compiled.endpoints.push_back(compiler.compile(settings.endpoints[i], i));
  }
  return compiled;
}

}  // namespace carillon::gateway
