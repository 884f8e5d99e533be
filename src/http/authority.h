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

// Nothing where the text is no `uri-host [ ":" port ]`, or where it is empty. The host is a registered name,
// an IPv4 address, or an IPv6 address in brackets; an address of an unknown version ("[v1.x]") and one with a
// zone are refused. A port may be empty ("a:"), which means none, and is at most 65535.
std::optional<Authority> parse_authority(std::string_view text);

}  // namespace carillon::http
