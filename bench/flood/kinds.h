// The kinds of floods: what a client of each kind sends, over and over. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace carillon::bench {

enum class FloodKind : std::uint8_t {
  pings,          // empty ones
  pongs,          // empty, unsolicited ones
  empty_text,     // text messages without a payload
  big_text,       // text messages of 64 KiB, each a command `ping` of the service protocol
  subscriptions,  // subscribe and unsubscribe, of the service protocol
  fragments,      // text messages of 512 fragments of one byte
  requests,       // GET /health, pipelined, over HTTP
  client_hellos,  // one TLS ClientHello a connection, which is then reset
};

// Returns the kind with this name on the command line ("empty-text"), or nothing.
std::optional<FloodKind> flood_kind_of(std::string_view name);

// What is sent over and over: at least kBytesMin, made of whole units. `units` is how many it holds.
struct Flood {
  static constexpr std::size_t kBytesMin = 64 * 1024;
  std::string bytes;
  std::uint64_t units = 0;
};
// For client_hellos it holds one ClientHello (RFC 8446 section 4.1.2) as OpenSSL writes it.
Flood flood_of(FloodKind kind);

// Whether the flood begins after a 101.
constexpr bool needs_upgrade(FloodKind kind) {
  return kind != FloodKind::requests && kind != FloodKind::client_hellos;
}

}  // namespace carillon::bench
