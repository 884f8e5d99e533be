// Settings: the whole configuration, typed, validated, immutable once loaded.
//
// Made by load.h from built-in defaults, a profile, the file, the environment and flags, in that
// order. Every field has its declaration (key, type, default, bounds, help) in options.cc and
// nowhere else. A limit is a number of at least 1 or Limit::off(); 0 never means unlimited.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "base/time.h"

namespace carillon::config {

// Where a value was written, for messages: "gateway.toml:12", "profile orion", "environment".
struct Origin {
  std::string source;
  std::uint32_t line = 0;  // 0: the source has no lines
  std::string text() const;
};

// A number with "off" as a value of its own.
struct Limit {
  std::optional<std::uint64_t> value;  // nothing: off
  static Limit off() { return {}; }
  static Limit of(std::uint64_t n) { return {n}; }
  bool allows(std::uint64_t count) const { return !value || count <= *value; }
};

struct ListenSettings {
  std::string host;  // numeric, without brackets
  std::uint16_t port = 0;
  Origin origin;
};

struct ServerSettings {
  std::vector<ListenSettings> listen;  // default 127.0.0.1:8000 and [::1]:8000
  std::uint32_t shards = 0;            // in the file: a number or "auto" (one a core); resolved at load
  milliseconds drain{30000};
  milliseconds handshake_timeout{5000};   // from accept to the whole head; a drip does not renew it
  milliseconds http_idle_timeout{60000};  // between requests of a kept-alive API connection
  std::uint32_t request_line_bytes_max = 8 * 1024;
  std::uint32_t head_bytes_max = 16 * 1024;
  std::uint32_t headers_max = 64;
  std::uint32_t body_bytes_max = 1024 * 1024;
  std::uint32_t token_bytes_max = 8 * 1024;
  std::uint32_t connections_max = 1000000;  // WebSockets of the process
  std::uint32_t outbox_bytes_max = 64 * 1024;
  std::uint32_t inbox_batches_max = 4096;
  std::uint32_t send_buffer_bytes = 0;  // SO_SNDBUF; in the file "auto" or a number; 0 here is auto
  std::uint32_t notsent_low_water_bytes = 16 * 1024;
};

struct BusSettings {
  std::string url = "memory:";
  std::string tls_ca_file;
  std::uint32_t event_bytes_max = 1024 * 1024;
  milliseconds operation_timeout{5000};
  milliseconds probe_interval{5000};
  milliseconds backoff_min{100};
  milliseconds backoff_max{5000};
  Origin origin;
};

struct KeySettings {
  std::string name;
  std::vector<std::string> algorithms;  // the allow-list; checked before anything else
  Secret secret;                        // HS*; at least 32 bytes outside dev
  std::string public_key_pem;           // RS*, PS*, ES*, EdDSA
  std::string key_id;                   // only tokens with this `kid`; empty: any
  std::string issuer;                   // required `iss`; empty: any
  std::string audience;                 // required in `aud`; empty: any
  seconds leeway{0};                    // clock skew allowed, at most 30 s
  bool require_exp = false;
  Origin origin;
};

struct ApiSettings {
  std::vector<Secret> keys;        // for POST /v1/publish; none: the API answers 403
  std::uint32_t batch_max = 1000;  // events in one request
};

struct LogSettings {
  std::string level = "info";
  std::uint32_t queue_lines_max = 8192;  // waiting lines; more are dropped and counted
};

// --- one endpoint: a profile with its overrides -------------------------------------------------

struct Refusal {  // an HTTP answer instead of the upgrade
  int status = 401;
  std::vector<std::string> headers;                  // "WWW-Authenticate: Bearer"
  std::string body = R"({"error":"unauthorized"})";  // JSON
};

enum class TokenSource { query, bearer };
struct TokenPlace {
  TokenSource source = TokenSource::query;
  std::string parameter;  // query: the parameter's name; written "query:token", "bearer"
};

enum class AuthMode { jwt, none };

struct EndpointAuth {
  AuthMode mode = AuthMode::jwt;
  std::vector<TokenPlace> sources;  // first that is present wins
  std::vector<std::string> keys;    // names in [keys.*]; empty: all of them
  Refusal missing;
  Refusal invalid;
  std::optional<std::uint16_t> close_at_exp;  // close code; nothing: the connection outlives `exp`
};

enum class LagPolicy { disconnect, skip };
enum class InboundReply { none, echo };
enum class Switch { off, on };

struct EndpointSettings {
  std::string profile;  // its name, for metrics and logs
  std::string name;     // unique; default the profile's name
  std::string path;
  std::vector<std::string> origins{"*"};  // "*" alone: any, and none
  EndpointAuth auth;
  struct {
    std::vector<std::string> channels;  // patterns on the bus
  } source;
  struct {
    std::string event;  // template; empty where the endpoint has no events (echo)
  } frames;
  struct {
    std::optional<milliseconds> ping;     // RFC 6455 Ping interval; nothing: off
    std::optional<milliseconds> timeout;  // without a pong; nothing: off
    bool data_counts = false;             // does any frame push the deadline, or only a pong
  } keepalive;
  struct {
    std::uint64_t message_bytes_max = 64 * 1024;
    std::uint32_t fragments_max = 1024;
    InboundReply reply = InboundReply::none;
  } inbound;
  Switch deflate = Switch::off;
  struct {
    LagPolicy policy = LagPolicy::disconnect;
    std::uint32_t bytes_max = 1024 * 1024;
    milliseconds age_max{15000};
    std::uint16_t close_code = 1008;
    std::string close_reason = "Slow consumer";
  } lag;
  struct {
    Limit connections;     // of this endpoint
    Limit accepts_per_ip;  // 101 answers to one address in a sliding window
    milliseconds accepts_window{60000};
  } limits;
  Origin origin;  // of the [[endpoint]] table
  // Where `key` ("frames.event") of this endpoint was written, for errors found after loading.
  std::vector<std::pair<std::string, Origin>> origins_by_key;
  Origin origin_of(std::string_view key) const;
};

struct Settings {
  ServerSettings server;
  BusSettings bus;
  std::vector<KeySettings> keys;
  ApiSettings api;
  LogSettings log;
  std::vector<EndpointSettings> endpoints;
  bool dev = false;  // `carillon dev`: weak secrets are let through
};

}  // namespace carillon::config
