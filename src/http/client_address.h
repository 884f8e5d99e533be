// The client's address behind trusted proxies, from X-Forwarded-For or Forwarded (RFC 7239).
//
// Every proxy appends the address of its peer, so only the right end can be trusted: a trusted proxy wrote
// it. The search goes from there to the left, past trusted proxies, and ends at the first address that is not
// trusted: the client. The client itself may have written anything further left.
//
// Pure; thread: any. Bounds below; RFC 7239 sections 4 to 7.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/ip_address.h"
#include "http/request_head.h"

namespace carillon::http {

inline constexpr std::size_t kHopsMax = 32;                  // how many addresses are examined
inline constexpr std::size_t kForwardedBytesMax = 4 * 1024;  // of one header line: the right end of a list

// The header that names the client.
enum class ForwardedBy : std::uint8_t { x_forwarded_for, forwarded };

// The client's address from a header, or why there is none.
struct ForwardedClient {
  enum class Outcome : std::uint8_t {
    absent,    // no such header: the peer is the client
    found,     // `address` is the client
    unknown,   // a trusted proxy does not name it ("unknown", "_hidden", no `for`)
    malformed  // or over a limit
  };
  Outcome outcome = Outcome::absent;
  IpAddress address;  // only when found; the left-most one when every hop is trusted
};

bool is_trusted(const IpAddress& address, std::span<const IpRange> proxies);

// Call this only when the peer itself is trusted.
ForwardedClient forwarded_client(const RequestHead& head, ForwardedBy header,
                                 std::span<const IpRange> proxies);

}  // namespace carillon::http
