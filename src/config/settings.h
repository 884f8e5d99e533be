#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ip_address.h"
#include "base/secret.h"
#include "base/time.h"
#include "config/client_texts.h"
#include "config/command_settings.h"
#include "config/history_settings.h"
#include "config/json_word.h"
#include "config/key_settings.h"
#include "config/lag_settings.h"
#include "config/requirement.h"
#include "config/stream_settings.h"

namespace carillon::config {

// A number with "off" as a value of its own.
struct Limit {
  std::optional<std::uint64_t> value;  // nothing: off
  static Limit off() { return {}; }
  static Limit of(std::uint64_t n) { return {n}; }
  bool allows(std::uint64_t count) const { return !value || count <= *value; }
};

// Whether connections begin with a PROXY header.
enum class ProxyProtocol : std::uint8_t { off, on };

// `wss://` and HTTPS on one listen address: what its two files held when the configuration was read.
struct ListenTls {
  std::string cert_file;
  std::string cert_pem;  // the server's certificate followed by its issuers
  std::string key_file;
  Secret key_pem;
  Origin cert_origin;  // where each was written, for faults that only show later
  std::string cert_key;
  Origin key_origin;
  std::string key_key;
};

// One listen address.
struct ListenSettings {
  std::string host;  // numeric, without brackets
  std::uint16_t port = 0;
  Origin origin;
  ProxyProtocol proxy_protocol = ProxyProtocol::off;  // on: every connection begins with its header
  std::shared_ptr<const ListenTls> tls = nullptr;     // null: plain; "localhost" gives one to both loopbacks
};

// Where the client address behind a trusted proxy comes from: the proxy itself, or a header of its request.
enum class ClientAddress : std::uint8_t { peer, x_forwarded_for, forwarded };

inline constexpr std::uint32_t kShardsMax = 256;
inline constexpr std::size_t kEndpointsMax = 250;  // a lag policy and the owner of a log have one byte
inline constexpr std::uint32_t kConnectionsMax = 1U << 22;  // maximum of server.connections_max

// Whether the shards' threads share one table of open files, and so one limit, or have one each.
enum class Descriptors : std::uint8_t { shared, per_shard };

// The table [server].
struct ServerSettings {
  std::vector<ListenSettings> listen;  // default 127.0.0.1:8000 and [::1]:8000
  std::string control;                 // path of the control socket; empty: none
  std::uint32_t shards = 0;            // in the file: a number or "auto" (one a core); resolved at load
  Descriptors descriptors = Descriptors::shared;
  milliseconds drain_delay{0};           // from the signal, when /ready turns 503, to the first close
  milliseconds drain{8000};              // the longest that closes are spread over; a container gets 10 s
  std::uint32_t drain_rate = 500;        // closes a second, where they fit into `drain` at that rate
  milliseconds handshake_timeout{5000};  // from accept to the complete head
  milliseconds body_timeout{10000};      // in each, a request's body must grow by body_rate_min
  std::uint32_t pipelined_requests_max = 64;  // of one API connection that are worked on at a time
  milliseconds http_idle_timeout{60000};      // between requests of a kept-alive API connection
  std::uint32_t request_line_bytes_max = 8 * 1024;
  std::uint32_t head_bytes_max = 16 * 1024;
  std::uint32_t headers_max = 64;
  std::uint32_t body_bytes_max = 1024 * 1024;
  std::uint64_t bodies_bytes_max = 0;        // of all requests that are not answered yet; 0 here is auto
  std::uint32_t body_rate_min = 4 * 1024;    // bytes a second, in each body_timeout
  std::uint64_t memory_limit = 0;            // in the file "auto" or a size; 0 here is auto
  std::uint32_t token_bytes_max = 8 * 1024;  // in the file a size or "auto"; resolved at load
  std::uint32_t token_cache_max = 16384;     // verified tokens of one endpoint, on one shard
  std::uint32_t connections_max = 1000000;   // WebSockets of the process
  std::uint32_t outbox_bytes_max = 64 * 1024;
  std::uint64_t backlog_bytes_max = 0;  // in the file a size or "auto"; 0 here is auto
  std::uint64_t history_bytes_max = 0;  // likewise
  std::uint32_t history_channels_max = 1'000'000;
  std::uint32_t inbox_batches_max = 4096;
  std::uint64_t inbox_bytes_max = 64 * 1024 * 1024;
  std::uint32_t channels_max = 1000000;  // of one endpoint, with subscribers on one shard
  std::uint32_t send_buffer_bytes = 0;   // SO_SNDBUF; in the file "auto" or a number; 0 here is auto
  std::uint32_t notsent_low_water_bytes = 16 * 1024;
  std::uint32_t http_connections_max =
      0;  // sockets that speak HTTP; in the file "auto" or a number; 0 is auto
  Limit http_connections_per_ip = Limit::of(256);
  Limit tls_handshakes_per_ip = Limit::of(500);  // that one client address begins in a window
  milliseconds tls_handshakes_window{10000};
  Limit accepts_rate;  // upgrades a second of the process
  std::vector<IpRange> trusted_proxies;
  ClientAddress client_address = ClientAddress::peer;

  // How many times the limit on open files counts.
  std::uint32_t descriptor_tables() const { return descriptors == Descriptors::per_shard ? shards : 1; }
};

// The role that the broker must have.
enum class BrokerRole : std::uint8_t { master, any };

// The table [bus].
struct BusSettings {
  std::string url = "memory:";
  std::string tls_ca_file;
  std::uint32_t event_bytes_max = 1024 * 1024;
  milliseconds operation_timeout{5000};
  milliseconds probe_interval{5000};
  std::optional<milliseconds> address_check_interval = milliseconds(5000);  // nothing: off
  BrokerRole role = BrokerRole::master;
  milliseconds backoff_min{100};
  milliseconds backoff_max{5000};
  Origin origin;
};

// The table [api].
struct ApiSettings {
  std::vector<Secret> keys;        // for POST /v1/publish; none: the API answers 403
  std::uint32_t batch_max = 1000;  // events in one request
};

// The table [admin]: the control socket's requests over HTTP.
struct AdminSettings {
  std::vector<ListenSettings> listen;  // none: off
  std::vector<Secret> keys;
};

// The table [log].
enum class LogFormat : std::uint8_t { json, text, logfmt };

struct LogSettings {
  std::string level = "info";
  LogFormat format = LogFormat::json;
  std::uint32_t queue_lines_max = 8192;  // waiting lines; more are dropped and counted
};

// --- one endpoint: a profile with its overrides -------------------------------------------------

// The HTTP response that refuses an upgrade.
struct Refusal {
  int status = 401;
  std::vector<std::string> headers;                  // "WWW-Authenticate: Bearer"
  std::string body = R"({"error":"unauthorized"})";  // template
};

// The part of a request that carries a token.
enum class TokenSource { query, bearer, header };

// One place where a request may carry a token.
struct TokenPlace {
  TokenSource source = TokenSource::query;
  std::string name;  // of the parameter or header; written "query:token", "bearer", "header:X-API-Key"
};

// How clients of an endpoint authenticate.
enum class AuthMode { jwt, api_key, none };

// The keys auth.* of an endpoint.
struct EndpointAuth {
  AuthMode mode = AuthMode::jwt;
  std::vector<TokenPlace> sources;      // first that is present wins
  std::vector<std::string> keys;        // names in [keys.*]; empty: all of them
  std::vector<std::string> algorithms;  // of those keys' ones; empty: all of them
  std::vector<Secret> api_keys;         // mode api_key
  bool require_exp = false;
  std::string channels_claim;  // claim that lists the channels a token may subscribe to; empty: all
  std::vector<std::string> authorized_parties;  // clients that may have got the token; empty: any
  std::vector<std::string> scopes;              // that a token must have
  Refusal missing;
  Refusal invalid;
  std::optional<std::uint16_t> close_at_exp;     // close code; nothing: the connection outlives `exp`
  std::string expired_frame;                     // template; goes before that close; empty: none
  std::string expired_reason = "Token expired";  // of that close
  CloseText removed{1008, "Key removed"};        // of a client whose key a reload has removed
};

// --- an ingest route: HTTP requests turned into events ---------------------------------------

// The bodies that a route accepts.
enum class RouteBody { object, any };  // object: none at all counts as {}

// One table [[route]].
struct RouteSettings {
  std::vector<std::string> methods{"POST"};
  std::string path;     // http::PathPattern
  std::string channel;  // http::ParameterText
  RouteBody body = RouteBody::object;
  std::string id;                  // "uuid", "{name}" of the path, or nothing: none is inserted
  std::string event = "$payload";  // template; route_variables.h
  int status = 200;
  std::string answer = "{}";         // template
  Secret key;                        // empty: open to every client that reaches the port
  std::vector<std::string> origins;  // without a key: sites besides its own whose pages may use it
  Origin origin;                     // of the [[route]] table
  Written origins_by_key;
  Origin origin_of(std::string_view option) const;
};

enum class InboundReply { none, echo };  // what happens to messages of clients

enum class BadBody { drop, quote };  // what happens to a body that is not JSON
// What happens to clients when the bus may have lost events; automatic: report where there is frames.gap.
enum class OnGap { automatic, stay, close, report };

// The keys source.* of an endpoint.
struct SourceSettings {
  std::vector<std::string> channels;  // patterns on the bus; the first that matches counts
  std::vector<std::string>
      broadcast;  // where clients subscribe to channels: patterns of events for every client
  std::vector<Requirement> require;  // of an event's body
  BadBody not_json = BadBody::drop;  // a body that is text but not JSON: drop it, or make it a string
  OnGap on_gap = OnGap::automatic;
  CloseText gap{1013, "Events lost"};  // of a client that would miss events
};

// Which events a client receives: all, those of a list in its query, in a claim of its token or in its path,
// or those of the channels that it subscribes to.
enum class SelectBy { all, query, commands, claim, path };

// The keys select.* of an endpoint.
struct SelectSettings {
  SelectBy by = SelectBy::all;
  std::string parameter;    // name of the query's parameter, the claim or the path's parameter; "query:types"
  std::string value = "*";  // what the list is compared with: the star, or a pointer
  std::vector<std::string> known;           // the only values there are; empty: any
  std::vector<std::string> otherwise{"*"};  // for clients that list nothing; "*" is everything
  std::uint32_t sets_max = 64;              // distinct lists that get a log of their own

  // Whether the client's request or token lists the values that it selects.
  bool by_values() const { return by == SelectBy::query || by == SelectBy::claim || by == SelectBy::path; }
};

enum class RateWindow { fixed, sliding };  // the kind of window of a message rate
enum class OverRate { close, error };      // what happens to a client over its message rate

// The keys inbound.rate.* of an endpoint.
struct RateSettings {  // data messages of a client
  Limit messages = Limit::of(100);
  milliseconds window{2000};
  RateWindow kind = RateWindow::fixed;
  OverRate over = OverRate::close;
  CloseText close{1008, "Rate limit exceeded"};
};

// The keys inbound.* of an endpoint.
struct InboundSettings {
  Limit message_bytes_max = Limit::of(64 * 1024);
  Limit fragments_max = Limit::of(1024);
  CloseText too_large{1009, "Message too large"};   // of a message over message_bytes_max
  CloseText fragments{1009, "Too many fragments"};  // of one with more than fragments_max
  InboundReply reply = InboundReply::none;
  RateSettings rate;
  Limit control_rate = Limit::of(100);  // pings and pongs a second
  std::uint32_t control_burst = 200;    // of them at once
  CloseText control{1008, "Too many control frames"};
};

// The lines that the log has of an endpoint's clients; empty: none.
struct ClientLogSettings {
  std::string connected;
  std::string disconnected;
  std::string too_large;
  std::string rate_exceeded;
  std::string unresponsive;
};

// One table [[endpoint]] with the values of its profile.
struct EndpointSettings {
  std::string profile;  // its name, for metrics and logs
  std::string name;     // unique; default the profile's name
  std::string path;
  std::vector<std::string> origins{"*"};  // "*" alone: any, and none
  std::vector<std::string> subprotocols;  // Sec-WebSocket-Protocol values, of which one may be answered
  EndpointAuth auth;
  SourceSettings source;
  SelectSettings select;
  struct {
    std::string event;     // template; empty where the endpoint has no events
    std::string open;      // right after the 101; empty: none
    std::string error;     // empty: errors are not reported to the client
    std::string ping;      // of keepalive.frame
    std::string gap;       // events were missed; empty: the client is closed instead
    std::string degraded;  // the bus's connection is lost; empty: none
    std::string restored;  // it is back; empty: none
    std::string drain;     // before the close frame of a shutdown; empty: none
  } frames;
  CommandSettings commands;
  std::vector<HistoryRule> history;  // the first that matches a channel; none: nothing is retained
  ResumeSettings resume;
  Switch acks = Switch::off;            // whether subscribe and unsubscribe are acknowledged
  Switch client_publish = Switch::off;  // whether clients may use commands.publish
  ErrorSettings errors;
  struct KeepaliveSettings {
    std::optional<milliseconds> ping;     // RFC 6455 Ping interval; nothing: off
    std::optional<milliseconds> timeout;  // without a pong; nothing: off
    bool data_counts = false;             // whether any frame extends the deadline, or only a pong
    bool drop_unanswered = false;         // whether a client without a pong by the next ping is dropped
    std::optional<milliseconds> frame;    // between two frames.ping; nothing: off
    std::optional<milliseconds> stream = milliseconds(15000);  // between heartbeats of other transports
    bool operator==(const KeepaliveSettings&) const = default;
  } keepalive;
  InboundSettings inbound;
  StreamSettings streams;
  Switch deflate = Switch::off;
  struct {
    LagPolicy policy = LagPolicy::disconnect;
    std::uint32_t bytes_max = 1024 * 1024;
    milliseconds grace{3000};
    milliseconds age_max{15000};
    CloseText close{1008, "Slow consumer"};
    std::vector<LagOverride> overrides;  // the first that matches a channel counts
  } lag;
  struct {
    Limit connections;  // of this endpoint
    Limit connections_per_ip;
    Limit connections_per_user;  // one `sub`; a token without one is not counted
    Limit accepts_per_ip;        // 101 answers to one address in a sliding window
    milliseconds accepts_window{60000};
    Limit failed_auth_weight = Limit::of(10);  // upgrades that a refused token or key counts as
    std::uint32_t channels = 128;              // that one connection subscribes to
    // Of a new client whose selection needs more channels than server.channels_max has left.
    CloseText channels_close{1013, "Too many channels"};
  } limits;
  CloseText shutdown{1001, ""};
  CloseText memory{1013, "Out of memory"};  // of a client whose message or reply needs more than there is
  RefusalMessages refusals;
  ClientLogSettings log;
  struct {
    std::string connections;  // a member of GET /health that holds their number; empty: none
  } health;
  std::vector<RouteSettings> routes;
  Secret route_key;                        // of those routes that have no key of their own
  std::vector<std::string> route_origins;  // of those routes that have no origins of their own
  Origin origin;                           // of the [[endpoint]] table
  // Where `key` ("frames.event") of this endpoint was written, for errors found after loading.
  Written origins_by_key;
  Origin origin_of(std::string_view key) const;
};

// Settings: the whole configuration, typed, validated, immutable once loaded.
//
// Made by load.h from built-in defaults, a profile, the file, the environment and flags, in that
// order. Every field has its declaration (key, type, default, bounds, help) in options.cc and
// nowhere else. A limit is a number of at least 1 or Limit::off(); 0 never means unlimited.
struct Settings {
  ServerSettings server;
  BusSettings bus;
  std::vector<KeySettings> keys;
  ApiSettings api;
  AdminSettings admin;
  LogSettings log;
  std::vector<EndpointSettings> endpoints;
  std::vector<RouteSettings> routes;  // the routes outside endpoints
  bool dev = false;                   // `carillon dev`: weak secrets are allowed
};

}  // namespace carillon::config
