#include "http/authority.h"

#include "base/ip_address.h"
#include "http/characters.h"

namespace carillon::http {
namespace {

constexpr std::uint32_t kPortMax = 65535;

// RFC 3986 section 3.2.2: unreserved characters, sub-delims and whole escapes.
bool is_registered_name(std::string_view host) {
  for (std::size_t i = 0; i < host.size(); ++i) {
    if (host[i] == '%') {
      if (host.size() - i < 3 || hex_value(host[i + 1]) < 0 || hex_value(host[i + 2]) < 0) return false;
      i += 2;
    } else if (!is_digit(host[i]) && !is_letter(host[i]) &&
               std::string_view("-._~!$&'()*+;=").find(host[i]) == std::string_view::npos) {
      return false;
    }
  }
  return !host.empty();
}

bool is_ipv6_literal(std::string_view host) {
  if (host.size() < 4 || host.front() != '[' || host.back() != ']') return false;
  const std::string_view address = host.substr(1, host.size() - 2);
  return address.find(':') != std::string_view::npos && IpAddress::parse(address).has_value();
}

// False where the digits are no port. `port` stays empty where there are none.
bool read_port(std::string_view digits, std::optional<std::uint16_t>& port) {
  if (digits.empty()) return true;
  std::uint32_t value = 0;
  for (const char c : digits) {
    if (!is_digit(c)) return false;
    value = value * 10 + static_cast<std::uint32_t>(c - '0');
    if (value > kPortMax) return false;
  }
  port = static_cast<std::uint16_t>(value);
  return true;
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) {
  const bool is_literal = text.starts_with('[');
  const std::size_t bracket = is_literal ? text.find(']') : 0;
  if (bracket == std::string_view::npos) return std::nullopt;
  const std::size_t colon = text.find(':', bracket);
  Authority authority{text.substr(0, colon), std::nullopt};
  if (colon != std::string_view::npos && !read_port(text.substr(colon + 1), authority.port)) {
    return std::nullopt;
  }
  const bool good = is_literal ? is_ipv6_literal(authority.host) : is_registered_name(authority.host);
  if (!good) return std::nullopt;
  return authority;
}

}  // namespace carillon::http
