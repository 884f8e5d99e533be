#include "config/check.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "config/listen_kind.h"
#include "config/quantity.h"
#include "config/text.h"

namespace carillon::config {
namespace {

void check_algorithms(const KeySettings& key, const Written& written, const std::string& prefix,
                      Report& report) {
  if (report.has_error_at(prefix + ".algorithms")) return;
  const Origin origin = origin_in(written, "algorithms", key.origin);
  if (key.algorithms.empty()) {
    report.error(origin, prefix + ".algorithms", "is empty; write algorithms = [\"HS256\"]");
  }
  const bool has_secret = is_written(written, "secret");
  for (const auto& algorithm : key.algorithms) {
    const bool symmetric = algorithm.substr(0, 2) == "HS";
    // RFC 8725 section 3.1: one key, one kind of algorithm; else a public key passes for a secret.
    if (symmetric == has_secret) continue;
    report.error(origin, prefix + ".algorithms",
                 cat({algorithm, " needs a ", symmetric ? "secret" : "public_key", ", and this key has a ",
                      has_secret ? "secret" : "public_key", "; write another key for it"}));
  }
}

// Returns why the second of two addresses cannot be used together with the first; nothing when it can.
std::optional<std::string> collision(const ListenSettings& listen, const ListenSettings& earlier) {
  if (listen.port == 0 || listen.port != earlier.port) return std::nullopt;
  const std::string address = show_listen(listen);
  if (earlier.host == listen.host) return cat({"\"", address, "\" is listed twice; leave one out"});
  const auto is_v6 = [](const ListenSettings& each) { return each.host.find(':') != std::string::npos; };
  if (is_v6(listen) != is_v6(earlier)) return std::nullopt;  // "[::]" takes no IPv4
  const auto is_any = [](const ListenSettings& each) { return each.host == "0.0.0.0" || each.host == "::"; };
  if (!is_any(listen) && !is_any(earlier)) return std::nullopt;
  const auto& [all, one] = is_any(listen) ? std::tie(listen, earlier) : std::tie(earlier, listen);
  return cat(
      {"\"", show_listen(all), "\" already includes \"", show_listen(one), "\"; leave one of them out"});
}

}  // namespace

void check_key(KeySettings& key, const Written& written, const std::string& prefix, Report& report) {
  const bool has_secret = is_written(written, "secret");
  const bool has_public_key = is_written(written, "public_key");
  if (has_secret && has_public_key) {
    report.error(origin_in(written, "public_key", key.origin), prefix + ".public_key",
                 "is given together with a secret; write two keys, one for each");
    return;
  }
  if (!has_secret && !has_public_key) {
    report.error(key.origin, prefix,
                 "has neither secret nor public_key; write secret = { env = \"CARILLON_JWT_SECRET\" }");
    return;
  }
  if (!is_written(written, "algorithms")) {
    if (has_public_key) {
      report.error(key.origin, prefix + ".algorithms",
                   "is missing; write what the public key is for, such as algorithms = [\"RS256\"]");
    } else {
      key.algorithms = {"HS256"};
    }
    return;
  }
  check_algorithms(key, written, prefix, report);
}

void check_server(const ServerSettings& server, const Written& written, const Origin& file, Report& report) {
  if (server.head_bytes_max < server.request_line_bytes_max) {
    report.error(origin_in(written, "head_bytes_max", origin_in(written, "request_line_bytes_max", file)),
                 "server.head_bytes_max",
                 cat({show_size(server.head_bytes_max), " is less than server.request_line_bytes_max = ",
                      show_size(server.request_line_bytes_max), ", which it contains; write at least that"}));
  }
  if (server.bodies_bytes_max != 0 && server.bodies_bytes_max < server.body_bytes_max) {
    report.error(origin_in(written, "bodies_bytes_max", origin_in(written, "body_bytes_max", file)),
                 "server.bodies_bytes_max",
                 cat({show_size(server.bodies_bytes_max),
                      " is less than server.body_bytes_max = ", show_size(server.body_bytes_max),
                      ", so that such a body could never be read; write at"
                      " least that"}));
  }
  for (std::size_t i = 0; i < server.listen.size(); ++i) {
    const ListenSettings& listen = server.listen[i];
    const std::string address = show_listen(listen);
    for (std::size_t j = 0; j < i; ++j) {
      const auto why = collision(listen, server.listen[j]);
      if (!why) continue;
      report.error(listen.origin, "server.listen", *why);
      break;
    }
    if (is_loopback(listen) || listen.tls) continue;
    report.warning(
        listen.origin, "server.listen",
        cat({"\"", address,
             "\" can be reached from other machines without TLS, with tokens and events in the clear;"
             " give it tls = { cert = \"server.pem\", key = \"server.key\" }, put a proxy with TLS"
             " in front, or write \"127.0.0.1:",
             std::to_string(listen.port), "\""}));
  }
}

void check_bus(const BusSettings& bus, const Written& written, const Origin& file, Report& report) {
  if (bus.backoff_min <= bus.backoff_max) return;
  report.error(origin_in(written, "backoff_min", origin_in(written, "backoff_max", file)), "bus.backoff_min",
               cat({show_duration(bus.backoff_min), " is more than bus.backoff_max = ",
                    show_duration(bus.backoff_max), "; write at most that"}));
}

}  // namespace carillon::config
