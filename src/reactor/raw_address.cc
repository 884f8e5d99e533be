#include "reactor/raw_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <cstddef>
#include <cstring>
#include <memory>

namespace carillon::reactor {

std::optional<RawAddress> RawAddress::from(const SocketAddress& address) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (address.host.empty() || ::getaddrinfo(address.host.c_str(), nullptr, &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(found, &::freeaddrinfo);
  RawAddress raw;
  raw.size = found->ai_addrlen;
  std::memcpy(&raw.storage, found->ai_addr, found->ai_addrlen);
  static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
  const in_port_t port = htons(address.port);
  std::memcpy(reinterpret_cast<char*>(&raw.storage) + offsetof(sockaddr_in, sin_port), &port, sizeof port);
  return raw;
}

SocketAddress RawAddress::readable(const sockaddr_storage& storage) {
  SocketAddress address;
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &storage, sizeof v6);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    address.port = ntohs(v6.sin6_port);
  } else if (storage.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &storage, sizeof v4);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    address.port = ntohs(v4.sin_port);
  }
  address.host = text;
  return address;
}

}  // namespace carillon::reactor
