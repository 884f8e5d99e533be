// Every option of [server], [bus], [keys.*], [api] and [log]: key, type with bounds, field, help.
// The default is what the field begins with in settings.h.
#include "config/options.h"

#include <iterator>

#include "config/key_set_kinds.h"
#include "config/key_set_url.h"
#include "config/listen_kind.h"
#include "config/proxy_kinds.h"
#include "config/secret_kinds.h"
#include "config/text_checks.h"
#include "config/value_kinds.h"

namespace carillon::config {
namespace {

using std::chrono::hours;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kGiB = 1024 * kMiB;
// As many as may wait for the bus (bus::kWaitingMax): the rest of a longer batch would be refused every time.
constexpr std::uint64_t kBatchMax = 10'000;

std::optional<std::string> check_file_path(std::string_view text) {
  if (!text.empty() && text.find('\0') == std::string_view::npos) return std::nullopt;
  return "is empty; write the path of a file, or leave the key out";
}

std::optional<std::string> check_socket_path(std::string_view text) {
  if (text.starts_with('/') && text.find('\0') == std::string_view::npos) return std::nullopt;
  return quoted(text) + " is not an absolute path; write one such as \"/run/carillon/control.sock\"";
}

std::optional<std::string> check_not_empty(std::string_view text) {
  if (!text.empty()) return std::nullopt;
  return "is empty; write a text, or leave the key out";
}

constexpr PathKind kFilePath{{"path of a file", "\"ca.pem\"", 4096, check_file_path}};
constexpr TextKind kSocketPath{"path of a socket", "\"/run/carillon/control.sock\"", 95, check_socket_path};

Option connections_max(ServerSettings& s) {
  return with_default(option("connections_max", NumberKind{1, kConnectionsMax}, s.connections_max,
                             "maximum number of WebSocket connections of the process, over all endpoints; "
                             "more are answered 503"),
                      "as many as the limit of descriptors allows, at most 1000000");
}

std::vector<Option> server_limits(ServerSettings& s) {
  return {
      option("request_line_bytes_max", SizeKind{256, 64 * kKiB}, s.request_line_bytes_max,
             "maximum length of a request line; a longer one is answered 414"),
      option("head_bytes_max", SizeKind{1 * kKiB, 256 * kKiB}, s.head_bytes_max,
             "maximum length of request line and headers together; a longer head is answered 431"),
      option("headers_max", NumberKind{8, 1024}, s.headers_max,
             "maximum number of headers of a request; more are answered 431"),
      option("body_bytes_max", SizeKind{1 * kKiB, 64 * kMiB}, s.body_bytes_max,
             "maximum length of an API request body; a longer one is answered 413"),
      with_example(
          with_default(
              option("token_bytes_max", AutoKind<SizeKind>{{64, 64 * kKiB}}, s.token_bytes_max,
                     "maximum length of a token; a longer one is refused as invalid. \"auto\" is 8KiB, or "
                     "less when the request line or head has no room for that; a size must fit there"),
              "\"auto\""),
          "\"4KiB\""),
      option("token_cache_max", NumberKind{1, 4'194'304}, s.token_cache_max,
             "verified tokens that each shard caches per endpoint until they expire; when the cache is full, "
             "tokens that were not used again are evicted first"),
      connections_max(s),
      at_restart(option(
          "outbox_bytes_max", SizeKind{1 * kKiB, 16 * kMiB}, s.outbox_bytes_max,
          "maximum bytes queued for one connection other than events: pongs, replies, the rest of a frame")),
      at_restart(option(
          "backlog_bytes_max", AutoKind<SizeKind>{{16 * kMiB, 1024 * kGiB}}, s.backlog_bytes_max,
          "memory for all events that at least one connection has not been sent yet; above it the connection "
          "furthest behind is closed; \"auto\" is a quarter of the RAM or of the cgroup's memory limit")),
      at_restart(option(
          "inbox_batches_max", NumberKind{16, 1'048'576}, s.inbox_batches_max,
          "maximum number of event batches queued for one shard; when it is exceeded, clients that lost "
          "an event are closed")),
      at_restart(option(
          "channels_max", NumberKind{1, 50'000'000}, s.channels_max,
          "maximum number of channels of one endpoint that the clients of one shard subscribe to; more "
          "are refused")),
  };
}

std::vector<Option> socket_options(ServerSettings& s) {
  return {
      option("send_buffer_bytes", AutoKind<SizeKind>{{4 * kKiB, 64 * kMiB}}, s.send_buffer_bytes,
             "send buffer of a socket (SO_SNDBUF); \"auto\" leaves it to the kernel"),
      option("notsent_low_water_bytes", SizeKind{1 * kKiB, 16 * kMiB}, s.notsent_low_water_bytes,
             "unsent bytes that the kernel accepts for one connection (TCP_NOTSENT_LOWAT)"),
  };
}

std::vector<Option> accept_limits(ServerSettings& s) {
  return {
      option("http_connections_max", AutoKind<NumberKind>{{4, kConnectionsMax}}, s.http_connections_max,
             "maximum number of HTTP connections, including upgrades in progress, divided over the shards; "
             "above it the longest idle one is closed, or one that has sent no complete request for a "
             "second. \"auto\" is a quarter of the limit on open files"),
      option("http_connections_per_ip", LimitKind{kConnectionsMax}, s.http_connections_per_ip,
             "maximum number of HTTP connections from one client address (IPv6: one /64), enforced in the "
             "same way; "
             "when none can be closed, the new one is. Loopback and trusted proxies are not counted"),
      option("tls_handshakes_per_ip", LimitKind{1'000'000'000}, s.tls_handshakes_per_ip,
             "maximum number of TLS handshakes that one client address (IPv6: one /64) may begin within "
             "tls_handshakes_window, divided over the shards; more are closed. Loopback and trusted proxies "
             "are not counted"),
      option("tls_handshakes_window", DurationKind{milliseconds(100), hours(24)}, s.tls_handshakes_window,
             "window of tls_handshakes_per_ip"),
      option(
          "accepts_rate", LimitKind{1'000'000}, s.accepts_rate,
          "maximum number of upgrades per second of the process, checked before the token; more are answered "
          "503 with a Retry-After that spreads their return. On addresses with TLS, connections that would "
          "begin more than twice as many handshakes per second are closed before theirs, except from "
          "loopback and trusted proxies. Other requests are not limited"),
  };
}

std::vector<Option> drain_options(ServerSettings& s) {
  return {
      option("drain_delay", DurationKind{milliseconds(0), hours(1)}, s.drain_delay,
             "time between the signal to shut down, from which on /ready answers 503, and the first close: "
             "load balancers notice in it, and clients that they still send are served"),
      option("drain", DurationKind{milliseconds(10), hours(1)}, s.drain,
             "longest time over which a shutdown spreads its close frames; up to 2s more for the "
             "last bytes"),
      option("drain_rate", NumberKind{1, 1'000'000}, s.drain_rate,
             "clients closed per second in a shutdown; more when drain is too short for all of them"),
  };
}

// What the process may hold for all of its clients together.
std::vector<Option> memory_options(ServerSettings& s) {
  return {
      at_restart(
          option("memory_limit", AutoKind<SizeKind>{{16 * kMiB, 1024 * kGiB}}, s.memory_limit,
                 "memory limit of the process: at 85 % new clients are answered 503, at 95 % the clients "
                 "furthest behind are closed; \"auto\" is the smaller of RAM and the limit of the cgroup")),
      at_restart(with_example(
          option("bodies_bytes_max", AutoKind<SizeKind>{{64 * kKiB, 64 * kGiB}}, s.bodies_bytes_max,
                 "maximum memory for the bodies of all unanswered requests; more are answered 503; "
                 "\"auto\" is an eighth of the memory limit, at most 64MiB"),
          "\"128MiB\"")),
      option("body_rate_min", SizeKind{1, 64 * kMiB}, s.body_rate_min,
             "minimum rate of a request body in bytes per second, averaged over each body_timeout; a slower "
             "one is answered 408"),
      at_restart(option(
          "inbox_bytes_max", SizeKind{1 * kMiB, 64 * kGiB}, s.inbox_bytes_max,
          "maximum bytes of events queued for one shard; when it is exceeded, clients that lost an event "
          "are closed; a single event of any legal size is always accepted by an empty queue")),
  };
}

std::vector<Option> history_limits(ServerSettings& s) {
  return {
      at_restart(option("history_bytes_max", AutoKind<SizeKind>{{1 * kMiB, 1024 * kGiB}}, s.history_bytes_max,
                        "maximum memory of the histories of all endpoints; beyond it the oldest events are "
                        "evicted first, and "
                        "clients that ask for them are told so; \"auto\" is an eighth of the memory limit")),
      at_restart(option("history_channels_max", NumberKind{1, 100'000'000}, s.history_channels_max,
                        "maximum number of channels with retained events; beyond it the channel whose events "
                        "are the oldest loses them")),
  };
}

std::vector<Option> proxy_options(ServerSettings& s) {
  const WordKind<ClientAddress> client{{{"peer", ClientAddress::peer},
                                        {"x-forwarded-for", ClientAddress::x_forwarded_for},
                                        {"forwarded", ClientAddress::forwarded}}};
  return {
      option("trusted_proxies", IpRangesKind{}, s.trusted_proxies,
             "proxies whose information about the client's address is used"),
      option("client_address", client, s.client_address,
             "where the client address behind a trusted proxy comes from: the right-most address in this "
             "header that is not a trusted proxy; \"peer\" reads no header"),
  };
}

std::vector<Option> address_options(ServerSettings& s) {
  return {
      at_restart(with_default(
          option("listen", ListenKind{}, s.listen,
                 "addresses to listen on; \"localhost\" is both loopback addresses, port 0 any free port; "
                 "tls (PEM files) serves wss:// and https://; with proxy_protocol = \"on\" every connection "
                 "must begin with the PROXY header (version 1 or 2) of a trusted proxy"),
          R"(["127.0.0.1:8000", "[::1]:8000"])")),
      at_restart(with_default(option("control", kSocketPath, s.control,
                                     "path of the control socket, a Unix socket (mode 0600) through which "
                                     "`carillon reload` reaches the running process"),
                              "none: no control socket")),
  };
}

std::vector<Option> process_options(ServerSettings& s) {
  return {
      at_restart(option("shards", AutoKind<NumberKind>{{1, kShardsMax}}, s.shards,
                        "threads that serve connections; \"auto\" is one per core")),
      at_restart(option(
          "descriptors",
          WordKind<Descriptors>{{{"shared", Descriptors::shared}, {"per_shard", Descriptors::per_shard}}},
          s.descriptors,
          "whether the limit on open files applies to the whole process, or to each shard's thread, which "
          "then has its own descriptor table")),
      option("handshake_timeout", DurationKind{milliseconds(10), hours(1)}, s.handshake_timeout,
             "maximum time to receive the full request head, from accept; more bytes do not extend it"),
      option("body_timeout", DurationKind{milliseconds(100), hours(1)}, s.body_timeout,
             "interval at which the rate of a request body is compared with body_rate_min; a body that stops "
             "arriving is answered 408 after at most twice this time"),
      option("pipelined_requests_max", NumberKind{1, 1024}, s.pipelined_requests_max,
             "maximum number of pipelined requests of one API connection in progress; more are read when "
             "responses have been sent"),
      option("http_idle_timeout", DurationKind{milliseconds(10), hours(1)}, s.http_idle_timeout,
             "idle timeout between two requests of a kept-alive API connection"),
  };
}

}  // namespace

std::vector<Option> server_options(ServerSettings& s) {
  std::vector<Option> all = address_options(s);
  for (auto group : {process_options(s), drain_options(s), server_limits(s), socket_options(s),
                     accept_limits(s), memory_options(s), history_limits(s), proxy_options(s)}) {
    all.insert(all.end(), std::make_move_iterator(group.begin()), std::make_move_iterator(group.end()));
  }
  return all;
}

std::vector<Option> bus_options(BusSettings& b) {
  return at_restart(std::vector<Option>{
      option("url", BusUrlKind{}, b.url,
             "the bus that events come from and are published to: memory: (in-process) or a broker's URL"),
      option("tls_ca_file", kFilePath, b.tls_ca_file,
             "CA certificates for verifying the broker; without it the system's"),
      option("event_bytes_max", SizeKind{1, kGiB}, b.event_bytes_max,
             "maximum length of an event's body; longer events are dropped and counted"),
      option("operation_timeout", DurationKind{milliseconds(10), hours(1)}, b.operation_timeout,
             "timeout of one operation of the broker"),
      option("probe_interval", DurationKind{milliseconds(10), hours(1)}, b.probe_interval,
             "interval at which a probe event is published through the broker, to detect a subscription that "
             "no longer receives"),
      option("address_check_interval", OptionalDurationKind{{milliseconds(10), hours(1)}},
             b.address_check_interval,
             "interval at which a new connection checks that the broker's address still leads to the same "
             "server, to detect a failover; \"off\" when several servers share the address"),
      option("role", WordKind<BrokerRole>{{{"master", BrokerRole::master}, {"any", BrokerRole::any}}}, b.role,
             "\"master\": a broker that reports the role of a replica counts as down; \"any\" uses it, "
             "although events published to a replica reach only clients connected to that replica"),
      with_example(option("backoff_min", DurationKind{milliseconds(1), hours(1)}, b.backoff_min,
                          "minimum delay before reconnecting"),
                   "\"250ms\""),
      option("backoff_max", DurationKind{milliseconds(1), hours(1)}, b.backoff_max,
             "maximum delay before reconnecting"),
  });
}

std::vector<Option> api_options(ApiSettings& a) {
  return {
      option(
          "keys", ApiKeyListKind{}, a.keys,
          "keys that may publish over HTTP, at least 8 bytes each; without any the publish API answers 403"),
      option("batch_max", NumberKind{1, kBatchMax}, a.batch_max,
             "maximum number of events in one publish request; more are answered 413"),
  };
}

std::vector<Option> admin_options(AdminSettings& a) {
  return {
      at_restart(with_example(
          option(
              "listen", ListenKind{}, a.listen,
              "plain addresses that serve the control socket's requests over HTTP, with one of admin.keys; "
              "never an address of server.listen. Empty: off"),
          R"(["127.0.0.1:9000"])")),
      option("keys", ApiKeyListKind{}, a.keys, "keys for admin.listen, at least 8 bytes each"),
  };
}

std::vector<Option> log_options(LogSettings& l) {
  return {
      option("level",
             WordKind<std::string>{
                 {{"debug", "debug"}, {"info", "info"}, {"warning", "warning"}, {"error", "error"}}},
             l.level, "lowest level of log lines that are written"),
      at_restart(
          option("format",
                 WordKind<LogFormat>{
                     {{"json", LogFormat::json}, {"text", LogFormat::text}, {"logfmt", LogFormat::logfmt}}},
                 l.format,
                 "\"json\": an object per line; \"logfmt\": key=value; \"text\": for people, on a terminal "
                 "only, and JSON where standard error is none")),
      at_restart(option("queue_lines_max", NumberKind{16, 1'048'576}, l.queue_lines_max,
                        "maximum number of log lines queued for writing; more are dropped and counted")),
  };
}

namespace {

std::optional<std::string> check_key_set_url(std::string_view text) {
  const auto parsed = parse_key_set_url(text);
  return parsed ? std::nullopt : std::optional(parsed.error().message);
}

std::vector<Option> key_set_options(KeySettings& k) {
  return {
      option("jwks_url",
             TextKind{"URL", "\"https://id.example.com/keys\"", kKeySetUrlBytesMax, check_key_set_url},
             k.jwks_url,
             "fetch the keys from this JSON Web Key Set, and fetch it again before it is too old and when a "
             "token names a key that it does not have"),
      option("jwks_file", JwksFileKind{}, k.jwks_file, "read the keys from a JSON Web Key Set in a file"),
      with_default(option("discovery", SwitchKind{}, k.discovery,
                          "fetch the keys from the jwks_uri that the issuer names in its OpenID metadata "
                          "(issuer/.well-known/openid-configuration)"),
                   "\"off\""),
      option("jwks_ca_file", kFilePath, k.jwks_ca_file,
             "CA certificates for verifying the issuer's server; without it the system's"),
      option("jwks_min_interval", DurationKind{milliseconds(100), hours(1)}, k.jwks_min_interval,
             "minimum time between two fetches of a key set, whatever tokens ask for"),
      option("jwks_age_max", DurationKind{seconds(1), hours(24 * 7)}, k.jwks_age_max,
             "maximum age of fetched keys before they are fetched again; a shorter Cache-Control max-age of "
             "the document counts, down to jwks_min_interval"),
      option("jwks_stale_max", DurationKind{seconds(1), hours(24 * 30)}, k.jwks_stale_max,
             "how long the last good keys remain in use beyond their age while fetches fail"),
      option("jwks_wait", DurationKind{milliseconds(10), seconds(30)}, k.jwks_wait,
             "how long an upgrade whose key is not known yet waits for a fetch before it is refused"),
  };
}

}  // namespace

std::vector<Option> key_options(KeySettings& k) {
  std::vector<Option> all = {
      with_default(option("algorithms", TextListKind{{"JWT algorithm", "\"HS256\"", 16, check_algorithm}, 13},
                          k.algorithms,
                          "signature algorithms that this key may verify; any other is refused before the "
                          "signature is computed"),
                   R"(["HS256"] where there is a secret)"),
      option("secret", SecretKind{}, k.secret, "for HS256, HS384, HS512; at least 32 bytes"),
      option("public_key", PublicKeyKind{}, k.public_key_pem, "for RS*, PS*, ES* and EdDSA"),
      option("key_id", TextKind{"key id", "\"2026-01\"", 256, check_not_empty}, k.key_id,
             "use this key only for tokens with this kid; without it for any token"),
      option("issuer", TextKind{"issuer", "\"https://id.example.com\"", 1024, check_not_empty}, k.issuer,
             "iss that a token must have; without it any"),
      option("audience", TextKind{"audience", "\"carillon\"", 1024, check_not_empty}, k.audience,
             "value that a token's aud must contain; without it any"),
      option("leeway", WholeSecondsKind{{seconds(0), seconds(30)}}, k.leeway,
             "clock skew that is tolerated for exp, nbf and iat"),
      option("require_exp", SwitchKind{}, k.require_exp, "refuse a token without exp"),
  };
  for (auto& each : key_set_options(k)) all.push_back(std::move(each));
  return all;
}

std::vector<Section> sections(Subjects& of) {
  return {{"[server]", "server.", server_options(of.settings.server)},
          {"[bus]", "bus.", bus_options(of.settings.bus)},
          {"[keys.<name>]", "keys.<name>.", key_options(of.key)},
          {"[api]", "api.", api_options(of.settings.api)},
          {"[admin]", "admin.", admin_options(of.settings.admin)},
          {"[log]", "log.", log_options(of.settings.log)},
          {"[[endpoint]]", "endpoint.", endpoint_options(of.endpoint)},
          {"[[endpoint.history]]", "endpoint.history.", history_options(of.history)},
          {"[[endpoint.lag.overrides]]", "endpoint.lag.overrides.", lag_override_options(of.lag_override)},
          {"[[route]]", "route.", route_options(of.route)}};
}

std::vector<VariableHelp> variables() {
  return {
      {kJwtSecretVariable, "where the file has no [keys.*]: the secret of a key named env that checks HS256"},
      {kApiKeyVariable, "one more of api.keys"},
  };
}

}  // namespace carillon::config
