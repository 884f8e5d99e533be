// Trusted proxies and the settings that need them.
#include "config/check.h"
#include "config/listen_kind.h"
#include "config/text.h"

namespace carillon::config {

namespace {

// Shorter prefixes hold whole regions of the Internet, and with them clients.
constexpr unsigned kPrefixBitsAdvised = 8;

void warn_of_wide_ranges(const ServerSettings& server, const Origin& origin, Report& report) {
  for (const IpRange& range : server.trusted_proxies) {
    if (range.prefix_bits() >= kPrefixBitsAdvised) continue;
    report.warning(
        origin, "server.trusted_proxies",
        cat({"\"", range.text(), "\" ",
             range.prefix_bits() == 0 ? "is every address" : "also contains clients",
             ", so that clients can choose the address that limits and logs use; write the addresses of"
             " your proxies alone"}));
  }
}

}  // namespace

void check_proxies(const ServerSettings& server, const Written& written, const Origin& file, Report& report) {
  if (report.has_error_at("server.trusted_proxies")) return;
  warn_of_wide_ranges(server, origin_in(written, "trusted_proxies", file), report);
  const bool by_header = server.client_address != ClientAddress::peer;
  bool by_protocol = false;
  for (const ListenSettings& listen : server.listen) {
    if (listen.proxy_protocol == ProxyProtocol::off) continue;
    by_protocol = true;
    if (!server.trusted_proxies.empty()) continue;
    report.error(listen.origin, "server.listen",
                 cat({"\"", show_listen(listen),
                      "\" has proxy_protocol, which only trusted proxies may use, and none is configured;"
                      " write server.trusted_proxies = [\"10.0.0.0/8\"] with the addresses of yours"}));
  }
  if (by_header && server.trusted_proxies.empty()) {
    report.error(origin_in(written, "client_address", file), "server.client_address",
                 "uses a header of trusted proxies, and none is configured; write server.trusted_proxies = "
                 "[\"10.0.0.0/8\"] with the addresses of yours, or \"peer\"");
  }
  if (!by_header && !by_protocol && !server.trusted_proxies.empty()) {
    report.warning(origin_in(written, "trusted_proxies", file), "server.trusted_proxies",
                   "has no effect, so all clients of a proxy count as one address; write"
                   " server.client_address = \"x-forwarded-for\" or \"forwarded\", or proxy_protocol = \"on\""
                   " at a listen address");
  }
}

}  // namespace carillon::config
