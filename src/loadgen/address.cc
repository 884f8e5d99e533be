#include "loadgen/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace carillon::loadgen {
namespace {

// Nothing where the text is no port.
std::optional<std::uint16_t> port_in(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

}  // namespace

std::string Url::host_header() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Url> parse_url(std::string_view text, std::string_view option) {
  const std::string like = std::string(option) + " must look like scheme://host:port/path";
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0 || text.size() > kUrlBytesMax) return failure(like);
  if (std::any_of(text.begin(), text.end(), [](char c) { return c >= 0 && c <= ' '; })) {
    return failure(like + ", without spaces");
  }
  Url url;
  for (const char c : text.substr(0, colon))
    url.scheme += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  url.port = url.scheme == "redis" ? 6379 : url.scheme == "nats" ? 4222 : 80;
  text.remove_prefix(colon + 3);
  const std::size_t end = std::min(text.find_first_of("/?"), text.size());
  std::string_view authority = text.substr(0, end);
  url.target = text.substr(end);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  if (authority.find('@') != std::string_view::npos) return failure(like + ", without a user");
  const std::size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (bracket == std::string_view::npos) return failure(like + ": a bracket is open");
  if (const std::size_t at = authority.find(':', bracket); at != std::string_view::npos) {
    const auto port = port_in(authority.substr(at + 1));
    if (!port) return failure(like + ": the port is not a number from 1 to 65535");
    url.port = *port;
    authority = authority.substr(0, at);
  }
  if (bracket > 0) authority = authority.substr(1, bracket - 1);
  if (authority.empty()) return failure(like + ": there is no host");
  url.host = authority;
  return url;
}

SocketAddress::SocketAddress(const sockaddr* address, socklen_t size)
    : size_(std::min<socklen_t>(size, sizeof storage_)) {
  std::memcpy(&storage_, address, size_);
}

const sockaddr* SocketAddress::get() const { return reinterpret_cast<const sockaddr*>(&storage_); }

bool SocketAddress::is_ipv4_loopback() const {
  if (family() != AF_INET) return false;
  sockaddr_in address{};
  std::memcpy(&address, &storage_, sizeof address);
  return ntohl(address.sin_addr.s_addr) >> 24 == 127;
}

Result<SocketAddress> resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) return failure(host + ": " + ::gai_strerror(error));
  const addrinfo* best = found;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    if (each->ai_family == AF_INET) {
      best = each;
      break;
    }
  }
  const SocketAddress address(best->ai_addr, best->ai_addrlen);
  ::freeaddrinfo(found);
  return address;
}

}  // namespace carillon::loadgen
