#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace carillon::http {

// Authority: the host and port of a Host header or of an absolute request target (RFC 3986 section 3.2,
// without userinfo).
//
// Thread: any; pure. The host is a view into the text that was parsed.
struct Authority {
  std::string_view host;  // an IPv6 address keeps its brackets
  std::optional<std::uint16_t> port;
};

// Returns nothing when the text is empty or is not `uri-host [ ":" port ]`. The host is a registered name, an
// IPv4 address, or an IPv6 address in brackets; an address of an unknown version ("[v1.x]") or with a zone is
// refused. The port is at most 65535; an empty port ("a:") means none.
std::optional<Authority> parse_authority(std::string_view text);

}  // namespace carillon::http
