// Settings that were written and have no effect, because another switches them off. What works otherwise is
// taken; but its author should know.
#include <algorithm>
#include <array>

#include "config/check.h"
#include "config/text.h"

namespace carillon::config {
namespace {

using Endpoint = EndpointSettings;

bool has_no_rate(const Endpoint& e) { return !e.inbound.rate.messages.value; }
bool is_not_jwt(const Endpoint& e) { return e.auth.mode != AuthMode::jwt; }
bool is_open(const Endpoint& e) { return e.auth.mode == AuthMode::none; }
bool has_no_query(const Endpoint& e) { return e.select.by != SelectBy::query; }
bool has_no_values(const Endpoint& e) { return !e.select.by_values(); }
bool has_no_acks(const Endpoint& e) { return e.acks == Switch::off; }
bool has_no_subscribe(const Endpoint& e) { return e.commands.subscribe.is.empty(); }
bool has_no_publish(const Endpoint& e) { return e.client_publish == Switch::off; }
// The limits of its answer are also those of $events in the reply to a subscribe command.
bool has_no_history_command(const Endpoint& e) {
  return e.commands.history.is.empty() && e.commands.subscribe.reply.find("$events") == std::string::npos;
}
bool has_no_streams(const Endpoint& e) { return !e.streams.has_streams(); }

struct IdleRule {
  std::string_view key;  // itself, or what stands below it
  bool (*idle)(const Endpoint&);
  std::string_view because;  // what is written, or not, and what to write
};

constexpr std::string_view kAcks = "acks is \"off\"; write acks = \"on\", or leave it out";
constexpr std::string_view kPublish =
    "client_publish is \"off\"; write client_publish = \"on\", or leave it out";
constexpr std::string_view kRate = "inbound.rate.messages is \"off\"; write a number there, or leave it out";
constexpr std::string_view kJwt = "auth.mode is not \"jwt\"; write auth.mode = \"jwt\", or leave it out";
constexpr std::string_view kOpen = "auth.mode is \"none\"; write \"jwt\" or \"api_key\", or leave it out";
constexpr std::string_view kQuery = "select.by is not \"query:NAME\"; write that, or leave it out";
constexpr std::string_view kStreams =
    "transports has neither \"sse\" nor \"ndjson\"; add one, or leave it out";
constexpr std::string_view kValues =
    "select.by is not \"query:NAME\", \"claim:NAME\" or \"path:NAME\"; write one of them, or leave it out";

constexpr std::array kRules{
    IdleRule{"commands.subscribe.reply", has_no_acks, kAcks},
    IdleRule{"commands.unsubscribe.reply", has_no_acks, kAcks},
    IdleRule{"commands.channel_type", has_no_subscribe,
             "there is no command with a channel; write commands.subscribe.is, or leave it out"},
    IdleRule{"commands.channels_max",
             [](const Endpoint& e) {
               return e.commands.channel_form != ChannelForm::array && e.commands.channels.empty();
             },
             "commands.channel_type is \"string\"; write commands.channel_type = \"array\", or "
             "commands.channels, or leave it out"},
    IdleRule{"commands.history", has_no_history_command,
             "there is no such command; write commands.history.is, or leave it out"},
    IdleRule{"commands.publish.when_off", [](const Endpoint& e) { return e.client_publish == Switch::on; },
             "client_publish is \"on\"; leave it out"},
    IdleRule{"commands.publish", has_no_publish, kPublish},
    IdleRule{"auth.expired_frame", [](const Endpoint& e) { return !e.auth.close_at_exp; },
             "auth.close_at_exp is \"off\"; write auth.close_at_exp = 1008, or leave it out"},
    IdleRule{"auth.expired_reason", [](const Endpoint& e) { return !e.auth.close_at_exp; },
             "auth.close_at_exp is \"off\"; write auth.close_at_exp = 1008, or leave it out"},
    IdleRule{"auth.api_keys", [](const Endpoint& e) { return e.auth.mode != AuthMode::api_key; },
             "auth.mode is not \"api_key\"; write auth.mode = \"api_key\", or leave it out"},
    IdleRule{"auth.keys", is_not_jwt, kJwt},
    IdleRule{"auth.algorithms", is_not_jwt, kJwt},
    IdleRule{"auth.require_exp", is_not_jwt, kJwt},
    IdleRule{"auth.close_at_exp", is_not_jwt, kJwt},
    IdleRule{"auth.sources", is_open, kOpen},
    IdleRule{"auth.missing", is_open, kOpen},
    IdleRule{"auth.invalid", is_open, kOpen},
    IdleRule{"frames.ping", [](const Endpoint& e) { return !e.keepalive.frame; },
             "keepalive.frame is \"off\"; write keepalive.frame = \"30s\", or leave it out"},
    IdleRule{"keepalive.data_counts",
             [](const Endpoint& e) { return !e.keepalive.timeout && !e.keepalive.drop_unanswered; },
             "keepalive.timeout is \"off\"; write keepalive.timeout = \"60s\", or leave it out"},
    IdleRule{"inbound.rate.window", has_no_rate, kRate},
    IdleRule{"inbound.rate.kind", has_no_rate, kRate},
    IdleRule{"inbound.rate.over", has_no_rate, kRate},
    IdleRule{"inbound.rate.close_code", has_no_rate, kRate},
    IdleRule{"inbound.rate.close_reason", has_no_rate, kRate},
    IdleRule{"limits.accepts_window", [](const Endpoint& e) { return !e.limits.accepts_per_ip.value; },
             "limits.accepts_per_ip is \"off\"; write a number there, or leave it out"},
    IdleRule{"limits.failed_auth_weight", [](const Endpoint& e) { return !e.limits.accepts_per_ip.value; },
             "limits.accepts_per_ip is \"off\"; write a number there, or leave it out"},
    IdleRule{"select.streams", has_no_streams, kStreams},
    IdleRule{"keepalive.stream", has_no_streams, kStreams},
    IdleRule{"cors", has_no_streams, kStreams},
    IdleRule{"sse", [](const Endpoint& e) { return !e.streams.has(Transport::sse); },
             "transports has no \"sse\"; add it, or leave it out"},
    IdleRule{"select.value", has_no_values, kValues},
    IdleRule{"select.known", has_no_values, kValues},
    IdleRule{"select.otherwise", has_no_query, kQuery},
    IdleRule{"select.sets_max", has_no_values, kValues},
    IdleRule{"route_key", [](const Endpoint& e) { return e.routes.empty(); },
             "the endpoint has no route; write [[endpoint.route]], or leave it out"},
};

bool is_at(std::string_view written, std::string_view rule) {
  return written.starts_with(rule) && (written.size() == rule.size() || written[rule.size()] == '.');
}

bool is_embedded(std::string_view profile) {
  const auto& all = embedded_profiles();
  return std::any_of(all.begin(), all.end(), [profile](const Profile& each) { return each.name == profile; });
}

// The built-in profiles write replies and commands for the one who switches them on.
bool is_for_switching_on(const IdleRule& rule) {
  return rule.idle == has_no_acks || rule.idle == has_no_publish;
}

}  // namespace

void check_idle(const EndpointSettings& endpoint, const std::string& prefix, Report& report) {
  const bool own_profile = !is_embedded(endpoint.profile);
  for (const auto& [key, origin] : endpoint.origins_by_key) {
    const auto rule = std::find_if(kRules.begin(), kRules.end(),
                                   [&name = key](const IdleRule& each) { return is_at(name, each.key); });
    if (rule == kRules.end() || !rule->idle(endpoint) || report.has_error_at(cat({prefix, ".", key})))
      continue;
    const bool of_file = origin.source == endpoint.origin.source;
    if (!of_file && !(own_profile && is_for_switching_on(*rule))) continue;
    // "off" written next to it shows that this is intended.
    const std::string_view of_switch = rule->idle == has_no_acks ? "acks" : "client_publish";
    if (is_for_switching_on(*rule) && is_written(endpoint.origins_by_key, of_switch)) continue;
    report.warning(origin, cat({prefix, ".", key}), cat({"has no effect, because ", rule->because}));
  }
}

}  // namespace carillon::config
