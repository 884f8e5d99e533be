// Every option of [server], [bus], [keys.*], [api] and [log]: key, type with bounds, field, help.
// The default is what the field begins with in settings.h.
#include "config/options.h"

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

std::optional<std::string> check_not_empty(std::string_view text) {
  if (!text.empty()) return std::nullopt;
  return "is empty; write a text, or leave the key out";
}

constexpr TextKind kFilePath{"path of a file", "\"ca.pem\"", 4096, check_file_path};

std::vector<Option> server_limits(ServerSettings& s) {
  return {
      option("request_line_bytes_max", SizeKind{256, 64 * kKiB}, s.request_line_bytes_max,
             "longest request line; longer is answered 414"),
      option("head_bytes_max", SizeKind{1 * kKiB, 256 * kKiB}, s.head_bytes_max,
             "longest request line and headers together; longer is answered 431"),
      option("headers_max", NumberKind{8, 1024}, s.headers_max,
             "most headers of a request; more are answered 431"),
      option("body_bytes_max", SizeKind{1 * kKiB, 64 * kMiB}, s.body_bytes_max,
             "longest body of an API request; longer is answered 413"),
      with_example(
          with_default(
              option("token_bytes_max", AutoKind<SizeKind>{{64, 64 * kKiB}}, s.token_bytes_max,
                     "longest token; longer is answered as an invalid one. \"auto\" is 8KiB, or what the "
                     "request line and the head leave room for; a size must fit there"),
              "\"auto\""),
          "\"4KiB\""),
      option("token_cache_max", NumberKind{1, 4'194'304}, s.token_cache_max,
             "verified tokens that a shard remembers until they expire, for each endpoint; beyond it those "
             "that nobody came back with give way"),
      option("connections_max", NumberKind{1, kConnectionsMax}, s.connections_max,
             "most WebSockets of the process, all endpoints together; more are answered 503"),
      option("outbox_bytes_max", SizeKind{1 * kKiB, 16 * kMiB}, s.outbox_bytes_max,
             "most bytes of its own (pongs, replies, the rest of a frame) that wait for one connection"),
      option(
          "backlog_bytes_max", AutoKind<SizeKind>{{16 * kMiB, 1024 * kGiB}}, s.backlog_bytes_max,
          "memory for all events that some connection has yet to be sent; beyond it the connection that is "
          "furthest behind is closed; \"auto\" is a quarter of the RAM or of the cgroup's memory limit"),
      option("inbox_batches_max", NumberKind{16, 1'048'576}, s.inbox_batches_max,
             "most batches of events that wait for one shard; beyond it a gap is told"),
      option("channels_max", NumberKind{1, 50'000'000}, s.channels_max,
             "most channels of one endpoint that clients of one shard subscribe to; more are refused"),
      option("send_buffer_bytes", AutoKind<SizeKind>{{4 * kKiB, 64 * kMiB}}, s.send_buffer_bytes,
             "send buffer of a socket (SO_SNDBUF); \"auto\" leaves it to the kernel"),
      option("notsent_low_water_bytes", SizeKind{1 * kKiB, 16 * kMiB}, s.notsent_low_water_bytes,
             "unsent bytes that the kernel takes of one connection (TCP_NOTSENT_LOWAT)"),
  };
}

std::vector<Option> accept_limits(ServerSettings& s) {
  return {
      option(
          "http_connections_max", AutoKind<NumberKind>{{4, kConnectionsMax}}, s.http_connections_max,
          "most connections that speak HTTP, upgrades under way included, divided over the shards; beyond "
          "it the longest idle one is closed, or one that has sent no whole request for a second. \"auto\" "
          "is a quarter of the limit on open files"),
      option(
          "http_connections_per_ip", LimitKind{kConnectionsMax}, s.http_connections_per_ip,
          "most of them from one client address, an IPv6 /64 being one, likewise; where none can be closed, "
          "the new one is. Loopback and trusted proxies are not counted"),
      option(
          "tls_handshakes_per_ip", LimitKind{1'000'000'000}, s.tls_handshakes_per_ip,
          "most TLS handshakes that one client address, an IPv6 /64 being one, may begin within the "
          "window, divided over the shards; more are closed. Loopback and trusted proxies are not counted"),
      option("tls_handshakes_window", DurationKind{milliseconds(100), hours(24)}, s.tls_handshakes_window,
             "the length of that window"),
  };
}

// What the process may hold for all of its clients together.
std::vector<Option> memory_options(ServerSettings& s) {
  return {
      option("memory_limit", AutoKind<SizeKind>{{16 * kMiB, 1024 * kGiB}}, s.memory_limit,
             "memory of the process: at 85 % new clients are answered 503, at 95 % those furthest behind are "
             "closed; \"auto\" is the smaller of RAM and the limit of the cgroup"),
      with_example(
          option("bodies_bytes_max", AutoKind<SizeKind>{{64 * kKiB, 64 * kGiB}}, s.bodies_bytes_max,
                 "most memory for the bodies of all requests that are not answered yet; more are answered "
                 "503; \"auto\" is an eighth of the memory limit, at most 64MiB"),
          "\"128MiB\""),
      option("body_rate_min", SizeKind{1, 64 * kMiB}, s.body_rate_min,
             "bytes of a request's body that must arrive in a second, on average over each body_timeout; a "
             "slower one is answered 408"),
      option("inbox_bytes_max", SizeKind{1 * kMiB, 64 * kGiB}, s.inbox_bytes_max,
             "most bytes of events that wait for one shard; beyond it a gap is told; one event of any legal "
             "size may wait alone"),
  };
}

std::vector<Option> proxy_options(ServerSettings& s) {
  const WordKind<ClientAddress> client{{{"peer", ClientAddress::peer},
                                        {"x-forwarded-for", ClientAddress::x_forwarded_for},
                                        {"forwarded", ClientAddress::forwarded}}};
  return {
      option("trusted_proxies", IpRangesKind{}, s.trusted_proxies,
             "proxies that are believed when they say who their client is"),
      option("client_address", client, s.client_address,
             "where limits and logs take a trusted proxy's client from: the right-most address of that "
             "header that is no trusted proxy; \"peer\" asks no header"),
  };
}

}  // namespace

std::vector<Option> server_options(ServerSettings& s) {
  std::vector<Option> all = {
      with_default(option("listen", ListenKind{}, s.listen,
                          "addresses to listen on; \"localhost\" is both loopbacks, port 0 any free one; tls "
                          "(PEM files) makes it wss:// and https://; with proxy_protocol = "
                          "\"on\" every connection begins with a PROXY header (1 or 2) of a trusted proxy"),
                   R"(["127.0.0.1:8000", "[::1]:8000"])"),
      option("shards", AutoKind<NumberKind>{{1, kShardsMax}}, s.shards,
             "threads that serve connections; \"auto\" is one for each core"),
      option("descriptors",
             WordKind<Descriptors>{{{"shared", Descriptors::shared}, {"per_shard", Descriptors::per_shard}}},
             s.descriptors,
             "what the limit on open files holds for: the process, or each shard's thread, which then has a "
             "table "
             "of its own"),
      option("drain", DurationKind{milliseconds(10), hours(1)}, s.drain,
             "the longest that a shutdown spreads the closes of its clients over; after it up to 2s are left "
             "for the last bytes"),
      option("drain_rate", NumberKind{1, 1'000'000}, s.drain_rate,
             "clients closed per second in a shutdown; more where drain is too short for that"),
      option("handshake_timeout", DurationKind{milliseconds(10), hours(1)}, s.handshake_timeout,
             "from the accept to the whole request head; a drip does not renew it"),
      option("body_timeout", DurationKind{milliseconds(100), hours(1)}, s.body_timeout,
             "how often the rate of a request's body is checked against body_rate_min; a body that stops is "
             "answered 408 after at most twice this"),
      option("pipelined_requests_max", NumberKind{1, 1024}, s.pipelined_requests_max,
             "most requests of one API connection that are worked on at a time; more are read when answers"
             " have left"),
      option("http_idle_timeout", DurationKind{milliseconds(10), hours(1)}, s.http_idle_timeout,
             "between two requests of a kept-alive API connection"),
  };
  for (auto& each : server_limits(s)) all.push_back(std::move(each));
  for (auto& each : accept_limits(s)) all.push_back(std::move(each));
  for (auto& each : memory_options(s)) all.push_back(std::move(each));
  for (auto& each : proxy_options(s)) all.push_back(std::move(each));
  return all;
}

std::vector<Option> bus_options(BusSettings& b) {
  return {
      option("url", BusUrlKind{}, b.url, "where events come from and go to: memory: or a broker's address"),
      option("tls_ca_file", kFilePath, b.tls_ca_file,
             "certificates that the broker's is checked against; without it the system's"),
      option("event_bytes_max", SizeKind{1, kGiB}, b.event_bytes_max,
             "longest event; longer ones are dropped and counted"),
      option("operation_timeout", DurationKind{milliseconds(10), hours(1)}, b.operation_timeout,
             "how long one operation of the broker may take"),
      option("probe_interval", DurationKind{milliseconds(10), hours(1)}, b.probe_interval,
             "how often an event of our own is sent through the broker to see that it is not deaf"),
      option("address_check_interval", OptionalDurationKind{{milliseconds(10), hours(1)}},
             b.address_check_interval,
             "how often a new connection to the broker's address is opened to see that it still leads to the "
             "same server, as it does not after a failover; \"off\" where several servers share the address"),
      option("role", WordKind<BrokerRole>{{{"master", BrokerRole::master}, {"any", BrokerRole::any}}}, b.role,
             "\"master\": a broker that says that it is a replica counts as down; \"any\" uses it, although "
             "what is published to a replica reaches only those who are connected to it"),
      with_example(option("backoff_min", DurationKind{milliseconds(1), hours(1)}, b.backoff_min,
                          "shortest wait before reconnecting"),
                   "\"250ms\""),
      option("backoff_max", DurationKind{milliseconds(1), hours(1)}, b.backoff_max,
             "longest wait before reconnecting"),
  };
}

std::vector<Option> api_options(ApiSettings& a) {
  return {
      option("keys", ApiKeyListKind{}, a.keys,
             "keys that may publish over HTTP, at least 8 bytes each; without one the API answers 403"),
      option("batch_max", NumberKind{1, kBatchMax}, a.batch_max,
             "most events in one publish request; more are answered 413"),
  };
}

std::vector<Option> log_options(LogSettings& l) {
  return {
      option("level",
             WordKind<std::string>{
                 {{"debug", "debug"}, {"info", "info"}, {"warning", "warning"}, {"error", "error"}}},
             l.level, "least important line that is written"),
      option("queue_lines_max", NumberKind{16, 1'048'576}, l.queue_lines_max,
             "lines that wait to be written; more are dropped and counted"),
  };
}

std::vector<Option> key_options(KeySettings& k) {
  return {
      with_default(
          option("algorithms", TextListKind{{"JWT algorithm", "\"HS256\"", 16, check_algorithm}, 13},
                 k.algorithms,
                 "signatures that this key may check; everything else is refused before it is looked at"),
          R"(["HS256"] where there is a secret)"),
      option("secret", SecretKind{}, k.secret, "for HS256, HS384, HS512; at least 32 bytes"),
      option("public_key", PublicKeyKind{}, k.public_key_pem, "for RS*, PS*, ES* and EdDSA"),
      option("key_id", TextKind{"key id", "\"2026-01\"", 256, check_not_empty}, k.key_id,
             "only for tokens with this kid; without it for any"),
      option("issuer", TextKind{"issuer", "\"https://id.example.com\"", 1024, check_not_empty}, k.issuer,
             "the iss that a token must have; without it any"),
      option("audience", TextKind{"audience", "\"carillon\"", 1024, check_not_empty}, k.audience,
             "what a token's aud must hold; without it anything"),
      option("leeway", WholeSecondsKind{{seconds(0), seconds(30)}}, k.leeway,
             "difference between two clocks that exp, nbf and iat are forgiven"),
      option("require_exp", SwitchKind{}, k.require_exp, "refuse a token without exp"),
  };
}

std::vector<Section> sections(Subjects& of) {
  return {{"[server]", "server.", server_options(of.settings.server)},
          {"[bus]", "bus.", bus_options(of.settings.bus)},
          {"[keys.<name>]", "keys.<name>.", key_options(of.key)},
          {"[api]", "api.", api_options(of.settings.api)},
          {"[log]", "log.", log_options(of.settings.log)},
          {"[[endpoint]]", "endpoint.", endpoint_options(of.endpoint)},
          {"[[route]]", "route.", route_options(of.route)}};
}

std::vector<VariableHelp> variables() {
  return {
      {kJwtSecretVariable, "where the file has no [keys.*]: the secret of a key named env that checks HS256"},
      {kApiKeyVariable, "one more of api.keys"},
  };
}

}  // namespace carillon::config
