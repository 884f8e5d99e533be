// Where a server is: a URL taken apart, its host's address found, a connection begun.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace carillon::loadgen {

inline constexpr std::size_t kUrlBytesMax = 4096;

// The parts of a server's URL.
struct Url {
  std::string scheme;  // "ws", "http", "redis", "nats"; in lower case
  std::string host;    // without brackets
  std::uint16_t port = 0;
  std::string target;  // path and query; "/" where there is none

  std::string host_header() const;  // "127.0.0.1:8000", "[::1]:8000"
};

// "ws://host:port/path?query". Without a port: 80, 6379 for redis, or 4222 for nats. `option` is named
// in messages, which repeat nothing of the URL: it may hold a token. Pure.
Result<Url> parse_url(std::string_view text, std::string_view option);

// A numeric socket address.
class SocketAddress {
 public:
  SocketAddress() = default;
  SocketAddress(const sockaddr* address, socklen_t size);
  const sockaddr* get() const;
  socklen_t size() const { return size_; }
  int family() const { return storage_.ss_family; }
  bool is_ipv4_loopback() const;  // 127.0.0.0/8: where a client may come from any address of the same net

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

// IPv4 where the host has it: `localhost` is 127.0.0.1. Asks the system; blocks for as long as that takes.
Result<SocketAddress> resolve(const std::string& host, std::uint16_t port);

}  // namespace carillon::loadgen
