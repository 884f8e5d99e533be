#include "auth/origin.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace carillon::auth {
namespace {

// No origin that a browser sends is longer: a scheme, 253 letters of host and a port.
constexpr std::size_t kOriginBytesMax = 512;

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_scheme_char(char c) { return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; }
bool is_host_char(char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_'; }

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::optional<std::string> normalised_scheme(std::string_view scheme) {
  if (scheme.empty() || !is_alpha(scheme.front())) return std::nullopt;
  if (!std::all_of(scheme.begin(), scheme.end(), is_scheme_char)) return std::nullopt;
  return lower(scheme);
}

// A name or IPv4 address in lower case, or an IPv6 address in its one canonical text.
std::optional<std::string> normalised_host(std::string_view host) {
  if (host.empty()) return std::nullopt;
  if (host.front() != '[') {
    if (!std::all_of(host.begin(), host.end(), is_host_char)) return std::nullopt;
    return lower(host);
  }
  if (host.size() < 3 || host.back() != ']') return std::nullopt;
  const std::string address(host.substr(1, host.size() - 2));
  if (address.find('\0') != std::string::npos) return std::nullopt;
  in6_addr bytes{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::inet_pton(AF_INET6, address.c_str(), &bytes) != 1) return std::nullopt;
  if (::inet_ntop(AF_INET6, &bytes, text.data(), text.size()) == nullptr) return std::nullopt;
  return "[" + std::string(text.data()) + "]";
}

// ":443", or nothing for the scheme's own port (RFC 6454 section 6.2). Leading zeros are refused.
std::optional<std::string> normalised_port(std::string_view scheme, std::string_view port) {
  if (port.empty() || port.size() > 5 || port.front() == '0') return std::nullopt;
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || end != port.data() + port.size() || number > 65535) return std::nullopt;
  if ((scheme == "http" && port == "80") || (scheme == "https" && port == "443")) return "";
  return ":" + std::string(port);
}

// scheme "://" host [":" port] and not a byte more: no path, user, blank or list (RFC 6454 section
// 6.2), so that nothing can be added to an admitted name.
std::optional<std::string> normalised(std::string_view origin) {
  if (origin.size() > kOriginBytesMax) return std::nullopt;
  const std::size_t colon = origin.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  const auto scheme = normalised_scheme(origin.substr(0, colon));
  const std::string_view authority = origin.substr(colon + 3);
  const std::size_t host_end = authority.starts_with('[') ? authority.find(']') : 0;
  if (!scheme || host_end == std::string_view::npos) return std::nullopt;
  const std::size_t port_colon = authority.find(':', host_end);
  const auto host = normalised_host(authority.substr(0, port_colon));
  if (!host) return std::nullopt;
  if (port_colon == std::string_view::npos) return *scheme + "://" + *host;
  const auto port = normalised_port(*scheme, authority.substr(port_colon + 1));
  if (!port) return std::nullopt;
  return *scheme + "://" + *host + *port;
}

std::string refusal(const std::string& origin) {
  const std::string shown = "\"" + origin + "\" ";
  if (origin == "*")
    return "\"*\" admits every Origin, so it must be the only entry; remove the others or it";
  if (origin == "null") return shown + "names no site, any page can send it; only [\"*\"] admits it";
  if (origin.find('*') != std::string::npos) return shown + "is a pattern; list each origin in full";
  if (origin.size() > 1 && origin.ends_with('/') && normalised(origin.substr(0, origin.size() - 1))) {
    return shown + "ends in a slash, which no Origin header does; write \"" +
           origin.substr(0, origin.size() - 1) + "\"";
  }
  if (origin.find("://") == std::string::npos && normalised("https://" + origin)) {
    return shown + "has no scheme; write \"https://" + origin + "\"";
  }
  return shown +
         "is not an origin; write scheme, host and port, such as \"https://app.example.com\" or "
         "\"http://localhost:3000\"";
}

}  // namespace

Result<OriginPolicy> OriginPolicy::parse(const std::vector<std::string>& origins) {
  OriginPolicy policy;
  if (origins.empty())
    return failure("is empty and would admit no client; write [\"*\"] for any Origin, or list them");
  if (origins.size() == 1 && origins.front() == "*") {
    policy.any_ = true;
    return policy;
  }
  std::string problems;
  for (const std::string& origin : origins) {
    if (origin == "none") {
      policy.none_ = true;
    } else if (auto exact = normalised(origin)) {
      policy.exact_.push_back(std::move(*exact));
    } else {
      problems += (problems.empty() ? "" : "; ") + refusal(origin);
    }
  }
  if (!problems.empty()) return failure(std::move(problems));
  return policy;
}

bool OriginPolicy::admits(std::string_view header, bool present) const {
  if (any_) return true;
  if (!present) return none_;
  const auto origin = normalised(header);
  return origin && std::find(exact_.begin(), exact_.end(), *origin) != exact_.end();
}

}  // namespace carillon::auth
