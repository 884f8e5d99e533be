// Every option of [[endpoint]] and of a profile: key, type with bounds, field, help.
// The default is what the field begins with in settings.h.
#include <iterator>

#include "config/auth_kinds.h"
#include "config/kinds.h"
#include "config/options.h"
#include "config/text_checks.h"
#include "event/channel_name.h"
#include "json/template.h"

namespace carillon::config {
namespace {

using std::chrono::hours;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kGiB = 1024 * 1024 * kKiB;
constexpr std::uint64_t kCountMax = 1'000'000'000;
// RFC 6455 section 5.5: a control frame holds 125 bytes, two of which are the code.
constexpr std::size_t kCloseReasonBytesMax = 123;

constexpr TextKind kName{"name", "\"live\"", 64, check_name};
constexpr TextKind kProfile{"name of a profile", "\"orion\"", 64, check_name};

std::vector<Option> identity_options(EndpointSettings& e) {
  return {
      with_default(option("profile", kProfile, e.profile,
                          "the protocol: a built-in profile, whose values the others override"),
                   "none: it must be given"),
      with_default(option("name", kName, e.name, "what metrics and logs call the endpoint; unique"),
                   "the profile's name"),
      with_default(option("path", TextKind{"path", "\"/ws\"", 255, check_path}, e.path,
                          "where it is served, literally; unique"),
                   "the profile's"),
      option("origins", TextListKind{{"origin", "\"https://app.example.com\"", 512, check_origin}, 256},
             e.origins,
             "web origins that may connect, exactly; \"none\" is clients without one, \"*\" alone is all"),
  };
}

std::vector<Option> auth_options(EndpointAuth& a) {
  const TextKind body{"JSON text", R"('{"message":"invalid token"}')", 16 * kKiB, check_json};
  const TextListKind headers{{"header", R"("WWW-Authenticate: Bearer")", 1024, check_header}, 16};
  const NumberKind status{400, 599};
  return {
      option("auth.mode", WordKind<AuthMode>{{{"jwt", AuthMode::jwt}, {"none", AuthMode::none}}}, a.mode,
             "\"none\" admits everybody"),
      option("auth.sources", TokenPlacesKind{}, a.sources, "where a token is looked for"),
      with_default(option("auth.keys", TextListKind{{"name of a key", "\"main\"", 64, check_name}, 64},
                          a.keys, "the [keys.*] that may have signed it"),
                   "[]: all of them"),
      option("auth.missing.status", status, a.missing.status, "HTTP status where there is no token"),
      option("auth.missing.headers", headers, a.missing.headers, "more headers of that answer"),
      option("auth.missing.body", body, a.missing.body, "body of that answer"),
      option("auth.invalid.status", status, a.invalid.status, "HTTP status where the token is refused"),
      option("auth.invalid.headers", headers, a.invalid.headers, "more headers of that answer"),
      option("auth.invalid.body", body, a.invalid.body, "body of that answer"),
      option("auth.close_at_exp", OptionalCloseCodeKind{}, a.close_at_exp,
             "close code when the token expires; \"off\": the connection outlives it"),
  };
}

std::vector<Option> stream_options(EndpointSettings& e) {
  const DurationKind beat{milliseconds(10), hours(24)};
  return {
      option(
          "source.channels",
          TextListKind{{"channel pattern", "\"news.*\"", kChannelNameBytesMax, check_channel_pattern}, 256},
          e.source.channels, "channels of the bus that it serves, each with at most one *"),
      option("frames.event",
             TextKind{"template", R"('{"channel":$channel,"payload":$body,"timestamp":$time_s}')",
                      json::kTemplateBytesMax, check_event_template},
             e.frames.event,
             "an event's frame: JSON with $channel, $*, $body, $body/pointer, $time_s, $time_ms"),
      option("keepalive.ping", OptionalDurationKind{beat}, e.keepalive.ping, "between two Ping frames"),
      option("keepalive.timeout", OptionalDurationKind{beat}, e.keepalive.timeout,
             "a client that has answered no ping for so long is dropped"),
      option("keepalive.data_counts", SwitchKind{}, e.keepalive.data_counts,
             "does any frame push that deadline, or only a pong"),
  };
}

std::vector<Option> inbound_options(EndpointSettings& e) {
  return {
      option("inbound.message_bytes_max", SizeKind{1, kGiB}, e.inbound.message_bytes_max,
             "longest message of a client; longer is closed with 1009"),
      option("inbound.fragments_max", NumberKind{1, 16'777'216}, e.inbound.fragments_max,
             "most frames that one message may come in"),
      option("inbound.reply",
             WordKind<InboundReply>{{{"none", InboundReply::none}, {"echo", InboundReply::echo}}},
             e.inbound.reply, "\"echo\" sends every message back; \"none\" ignores it"),
      option("deflate", SwitchKind{}, e.deflate, "offer permessage-deflate (RFC 7692)"),
  };
}

std::vector<Option> limit_options(EndpointSettings& e) {
  const WordKind<LagPolicy> policy{{{"disconnect", LagPolicy::disconnect}, {"skip", LagPolicy::skip}}};
  return {
      option("lag.policy", policy, e.lag.policy, "what happens to a client that does not keep up"),
      option("lag.bytes_max", SizeKind{1 * kKiB, kGiB}, e.lag.bytes_max, "how far behind it may be"),
      option("lag.age_max", DurationKind{milliseconds(10), hours(1)}, e.lag.age_max,
             "how old its oldest unsent byte may be"),
      option("lag.close_code", CloseCodeKind{}, e.lag.close_code, "close code of a client that lags"),
      option("lag.close_reason",
             TextKind{"text", "\"Slow consumer\"", kCloseReasonBytesMax, check_close_reason},
             e.lag.close_reason, "and its reason"),
      option("limits.connections", LimitKind{kCountMax}, e.limits.connections,
             "most connections of this endpoint; more are answered 503"),
      option("limits.accepts_per_ip", LimitKind{kCountMax}, e.limits.accepts_per_ip,
             "most upgrades of one address within the window; more are answered 429"),
      option("limits.accepts_window", DurationKind{milliseconds(100), hours(24)}, e.limits.accepts_window,
             "that sliding window"),
  };
}

}  // namespace

std::vector<Option> endpoint_options(EndpointSettings& e) {
  std::vector<Option> all = identity_options(e);
  for (auto group : {auth_options(e.auth), stream_options(e), inbound_options(e), limit_options(e)}) {
    all.insert(all.end(), std::make_move_iterator(group.begin()), std::make_move_iterator(group.end()));
  }
  return all;
}

}  // namespace carillon::config
