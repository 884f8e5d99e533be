// Every option of [[endpoint]] and of a profile: key, type with bounds, field, help.
// The default is what the field begins with in settings.h.
#include <iterator>

#include "config/auth_kinds.h"
#include "config/options.h"
#include "config/route_kind.h"
#include "config/secret_kinds.h"
#include "config/text_checks.h"
#include "config/value_kinds.h"

namespace carillon::config {
namespace {

using std::chrono::hours;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kCountMax = 1'000'000'000;
constexpr std::size_t kSubprotocolsMax = 16;
constexpr std::size_t kSubprotocolBytesMax = 128;
constexpr std::size_t kRefusalBytesMax = 256;
constexpr TextKind kName{"name", "\"live\"", 64, check_name};
constexpr TextKind kProfile{"name of a profile, or path of a .toml file", "\"orion\"", 4096, check_profile};

std::optional<std::string> check_not_blank(std::string_view text) {
  if (!text.empty()) return std::nullopt;
  return "is empty; write a text, or leave it out";
}

// RFC 6749 section 3.3: a blank separates two scopes.
std::optional<std::string> check_scope(std::string_view text) {
  if (text.find(' ') != std::string_view::npos) return "has a blank; write each scope as a text of its own";
  return check_not_blank(text);
}

std::vector<Option> identity_options(EndpointSettings& e) {
  return {
      at_restart(
          with_default(option("profile", kProfile, e.profile,
                              "the protocol: a built-in profile, or a file of the same form; the other keys "
                              "override its values"),
                       "none: it must be given")),
      at_restart(
          with_default(option("name", kName, e.name, "name of the endpoint in metrics and logs; unique"),
                       "the profile's name")),
      at_restart(
          with_default(option("path", TextKind{"path", "\"/ws\"", 255, check_path}, e.path,
                              "path of the endpoint, matched literally; with select.by = \"path:NAME\" its "
                              "segment {NAME} matches any segment. Unique"),
                       "the profile's")),
      option("origins", TextListKind{{"origin", "\"https://app.example.com\"", 512, check_origin}, 256},
             e.origins,
             "web origins that may connect, compared exactly; \"none\" admits clients without an Origin, "
             "\"*\" alone admits all"),
      option("subprotocols",
             TextListKind{{"subprotocol", "\"chat.v1\"", kSubprotocolBytesMax, check_subprotocol},
                          kSubprotocolsMax},
             e.subprotocols,
             "supported subprotocols (Sec-WebSocket-Protocol): the first one that the client offers and this "
             "list contains is selected. A client that offers none is served as well"),
  };
}

std::vector<Option> auth_options(EndpointAuth& a) {
  const TextKind body{"template", R"('{"message":"invalid token"}')", 16 * kKiB, check_time_template};
  const TextListKind headers{{"header", R"("WWW-Authenticate: Bearer")", 1024, check_header}, 16};
  const NumberKind status{400, 599};
  return {
      option(
          "auth.mode",
          WordKind<AuthMode>{
              {{"jwt", AuthMode::jwt}, {"api_key", AuthMode::api_key}, {"none", AuthMode::none}}},
          a.mode,
          "a token signed by one of [keys.*], one of auth.api_keys, or \"none\", which admits every client"),
      option("auth.sources", TokenPlacesKind{}, a.sources, "where a request may carry its token or API key"),
      with_default(option("auth.keys", TextListKind{{"name of a key", "\"main\"", 64, check_name}, 64},
                          a.keys, "names of the [keys.*] that may verify this endpoint's tokens"),
                   "[]: all of them"),
      with_default(
          option("auth.algorithms", TextListKind{{"JWT algorithm", "\"HS256\"", 16, check_algorithm}, 13},
                 a.algorithms, "the algorithms of those keys that this endpoint accepts"),
          "[]: all of them"),
      option("auth.api_keys", ApiKeyListKind{}, a.api_keys,
             "with auth.mode = \"api_key\": the accepted keys, at least 8 bytes each"),
      option("auth.require_exp", SwitchKind{}, a.require_exp, "refuse a token without exp"),
      option("auth.channels_claim", TextKind{"name of a claim", "\"channels\"", 64, nullptr},
             a.channels_claim,
             "a claim with an array of channel patterns, the only channels that the token may subscribe and "
             "publish to. Empty: any channel"),
      option("auth.missing.status", status, a.missing.status, "HTTP status when there is no token"),
      option("auth.missing.headers", headers, a.missing.headers, "more headers of that answer"),
      option("auth.missing.body", body, a.missing.body, "body of the answer to a request without a token"),
      option("auth.invalid.status", status, a.invalid.status, "HTTP status when the token is refused"),
      option("auth.invalid.headers", headers, a.invalid.headers, "more headers of that answer"),
      option("auth.invalid.body", body, a.invalid.body,
             "body of the answer to a request with a token that is refused"),
  };
}

std::vector<Option> grant_options(EndpointAuth& a) {
  return {
      option("auth.authorized_parties", TextListKind{{"client id", "\"web-app\"", 256, check_not_blank}, 64},
             a.authorized_parties,
             "clients of the issuer whose tokens are admitted: azp of the token, or client_id or appid where "
             "it has no azp. Empty: any"),
      option("auth.scopes", TextListKind{{"scope", "\"events:read\"", 256, check_scope}, 16}, a.scopes,
             "scopes that a token must have, all of them, in scope or scp"),
  };
}

std::vector<Option> expiry_options(EndpointAuth& a) {
  return {
      option("auth.close_at_exp", OptionalCloseCodeKind{}, a.close_at_exp,
             "close code when the token expires; \"off\": the connection stays open"),
      option(
          "auth.expired_frame",
          TextKind{"template", R"('{"type":"expired","timestamp":$time_s}')", 16 * kKiB, check_time_template},
          a.expired_frame, "a last frame before that close; empty: none"),
      option("auth.expired_reason", close_reason_kind("\"Token expired\""), a.expired_reason,
             "close reason when the token has expired"),
      option("auth.removed_code", CloseCodeKind{}, a.removed.code,
             "close code for a client whose key is gone after `carillon reload --close`"),
      option("auth.removed_reason", close_reason_kind("\"Key removed\""), a.removed.reason,
             "close reason that goes with auth.removed_code"),
  };
}

std::vector<Option> limit_options(EndpointSettings& e) {
  return {
      option("limits.connections", LimitKind{kCountMax}, e.limits.connections,
             "maximum number of connections of this endpoint; more are answered 503"),
      option("limits.connections_per_ip", LimitKind{kCountMax}, e.limits.connections_per_ip,
             "maximum number of connections per client address (IPv6: per /64); more are answered 503"),
      option("limits.connections_per_user", LimitKind{kCountMax}, e.limits.connections_per_user,
             "maximum number of connections per user (sub of the token); more are answered 429; a token "
             "without sub is not counted"),
      option("limits.accepts_per_ip", LimitKind{kCountMax}, e.limits.accepts_per_ip,
             "maximum number of upgrades per client address (IPv6: per /64) within limits.accepts_window; "
             "more are answered 429"),
      option("limits.accepts_window", DurationKind{milliseconds(100), hours(24)}, e.limits.accepts_window,
             "sliding window of limits.accepts_per_ip"),
      option(
          "limits.failed_auth_weight", LimitKind{1000}, e.limits.failed_auth_weight,
          "how many upgrades a refused token or key counts as in limits.accepts_per_ip; \"off\": it does not "
          "count"),
      option("limits.channels", NumberKind{1, 65'535}, e.limits.channels,
             "maximum number of channels that one connection subscribes to"),
      option("limits.channels_code", CloseCodeKind{}, e.limits.channels_close.code,
             "close code for a new client whose selection needs a channel over server.channels_max"),
      option("limits.channels_reason", close_reason_kind("\"Too many channels\""),
             e.limits.channels_close.reason, "close reason that goes with limits.channels_code"),
      at_restart(option("deflate", SwitchKind{}, e.deflate, "offer permessage-deflate (RFC 7692)")),
  };
}

std::vector<Option> close_options(EndpointSettings& e) {
  return {
      option("shutdown_code", CloseCodeKind{}, e.shutdown.code, "close code of a shutdown"),
      option("shutdown_reason", close_reason_kind("\"Back in a minute\""), e.shutdown.reason,
             "close reason that goes with shutdown_code"),
      option("memory_code", CloseCodeKind{}, e.memory.code,
             "close code for a client whose message or reply needs more memory than is left"),
      option("memory_reason", close_reason_kind("\"Out of memory\""), e.memory.reason,
             "close reason that goes with memory_code"),
  };
}

// Upgrades that break RFC 6455 itself are answered by http/ and websocket/.
std::vector<Option> refusal_options(RefusalMessages& r) {
  constexpr TextKind text{"text", "\"try again later\"", kRefusalBytesMax, nullptr};
  return {
      option("refusals.draining", text, r.draining,
             "message of an upgrade refused with 503 during a shutdown; the body is {\"message\":…}"),
      option("refusals.memory", text, r.memory, "message of an upgrade refused near the memory limit (503)"),
      option("refusals.connections_max", text, r.connections_max,
             "message of an upgrade refused over server.connections_max (503)"),
      option("refusals.endpoint_full", text, r.endpoint_full,
             "message of an upgrade refused over limits.connections (503)"),
      option("refusals.address_full", text, r.address_full,
             "message of an upgrade refused over limits.connections_per_ip (503)"),
      option("refusals.accept_rate", text, r.accept_rate,
             "message of an upgrade refused over limits.accepts_per_ip (429)"),
      option("refusals.process_accept_rate", text, r.process_accept_rate,
             "message of an upgrade refused over server.accepts_rate (503)"),
      option("refusals.user_full", text, r.user_full,
             "message of an upgrade refused over limits.connections_per_user (429)"),
      option("refusals.wrong_keys", text, r.wrong_keys,
             "message of an upgrade refused because its address has sent too many wrong API keys (429)"),
      option("refusals.key_waits", text, r.key_waits,
             "message of an upgrade refused because too many wait for a key set (503)"),
      option("refusals.origin", text, r.origin,
             "message of an upgrade refused because its Origin is not in origins (403)"),
      option("refusals.repeated_origin", text, r.repeated_origin,
             "message of an upgrade refused because it has more than one Origin header (400)"),
      option("refusals.bad_extensions", text, r.bad_extensions,
             "message of an upgrade refused because of a malformed Sec-WebSocket-Extensions header (400)"),
      option(
          "refusals.bad_path", text, r.bad_path,
          "message of an upgrade refused because with select.by = \"path:NAME\" its path has no valid name "
          "of a channel, or none of select.known (400)"),
      option("refusals.bad_selection", text, r.bad_selection,
             "message of an upgrade refused because its query cannot be read, or selects more than "
             "limits.channels (400)"),
  };
}

std::vector<Option> http_options(EndpointSettings& e) {
  return {
      at_restart(option(
          "health.connections", TextKind{"name", "\"wsConnections\"", 64, check_health_member},
          e.health.connections,
          "name of a member of GET /health with this endpoint's connection count; endpoints with the same "
          "name are added up")),
      option("route", RoutesKind{}, e.routes, "HTTP requests that become events, as [[route]] below"),
      with_default(
          option("route_key", ApiKeyKind{}, e.route_key, "key of those of its routes that have none"),
          "none: they are open"),
      option("route_origins", TextListKind{{"origin", "\"https://app.example.com\"", 512, check_origin}, 256},
             e.route_origins, "origins of those of its routes that have none"),
  };
}

}  // namespace

std::vector<Option> endpoint_options(EndpointSettings& e) {
  std::vector<Option> all = identity_options(e);
  for (auto group : {auth_options(e.auth), grant_options(e.auth), expiry_options(e.auth), protocol_options(e),
                     lag_options(e), limit_options(e), close_options(e), refusal_options(e.refusals),
                     stream_options(e), http_options(e)}) {
    all.insert(all.end(), std::make_move_iterator(group.begin()), std::make_move_iterator(group.end()));
  }
  return all;
}

}  // namespace carillon::config
