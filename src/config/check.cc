#include "config/check.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "config/listen_kind.h"
#include "config/quantity.h"
#include "config/text.h"

namespace carillon::config {
namespace {

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
