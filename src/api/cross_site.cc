#include "api/cross_site.h"

#include <optional>

#include "http/authority.h"

namespace carillon::api {
namespace {

// The port of http or https where an origin names none; nothing for other schemes.
std::optional<std::uint16_t> default_port(std::string_view scheme) {
  if (http::equal_ignoring_case(scheme, "http")) return 80;
  if (http::equal_ignoring_case(scheme, "https")) return 443;
  return std::nullopt;
}

// A proxy may speak TLS for us, so the request's own scheme is not known: where its Host names no port, it
// has that of the origin's scheme.
bool is_own(std::string_view origin, std::string_view authority) {
  const std::size_t colon = origin.find("://");
  if (colon == std::string_view::npos) return false;
  const auto usual = default_port(origin.substr(0, colon));
  const auto theirs = http::parse_authority(origin.substr(colon + 3));
  const auto ours = http::parse_authority(authority);
  return usual && theirs && ours && http::equal_ignoring_case(theirs->host, ours->host) &&
         theirs->port.value_or(*usual) == ours->port.value_or(*usual);
}

}  // namespace

bool is_from_another_site(const http::RequestHead& head, const auth::OriginPolicy& allowed) {
  const std::size_t origins = head.count("Origin");
  if (origins > 1) return true;  // no browser sends two
  if (origins == 1) {
    const std::string_view origin = *head.header("Origin");
    if (allowed.admits(origin, true)) return false;
    if (!is_own(origin, head.authority)) return true;
  }
  return head.has_token("Sec-Fetch-Site", "cross-site");
}

}  // namespace carillon::api
