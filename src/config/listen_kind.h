// Listen addresses: "127.0.0.1:8000", "[::1]:8000", "localhost:8000" (both loopbacks). Port 0 means any free
// port. Other names are refused, because the author of the file does not control what they resolve to. With
// TLS: { addr = "0.0.0.0:8443", tls = { cert = "server.pem", key = "server.key" } }. Behind a proxy: { addr =
// "10.0.0.5:8000", proxy_protocol = "on" }; both may be combined.
#pragma once

#include <string>
#include <vector>

#include "config/value_kinds.h"

namespace carillon::config {

inline constexpr std::size_t kListenMax = 64;

// Returns one address, two for localhost, or what is wrong and what to write instead.
Result<std::vector<ListenSettings>> parse_listen(std::string_view text);
bool is_loopback(const ListenSettings& listen);
std::string show_listen(const ListenSettings& listen);  // "[::1]:8000"

// A list of listen addresses.
struct ListenKind {
  std::string type() const {
    return R"(array of "address:port" or { addr, tls = { cert, key }, proxy_protocol }, at most 64)";
  }
  std::string example() const { return R"(["127.0.0.1:8000", "[::1]:8000"])"; }
  std::string show(const std::vector<ListenSettings>& field) const;
  void read(const Place& place, Reading& reading, std::vector<ListenSettings>& field) const;
};

}  // namespace carillon::config
