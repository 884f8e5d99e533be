#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace carillon {

// IpAddress: an IPv4 or IPv6 address as a value; IpRange: a CIDR block of them (RFC 4632, RFC 4291).
//
// Pure text and arithmetic: no name is resolved. An IPv4-mapped IPv6 address (::ffff:192.0.2.1) is
// the IPv4 address itself, however it was written. Thread: any.
class IpAddress {
 public:
  using Bytes = std::array<std::uint8_t, 16>;

  IpAddress() = default;  // "::"
  // In network order; four bytes of IPv4, or sixteen.
  static IpAddress v4(const std::uint8_t* four);
  static IpAddress v6(const std::uint8_t* sixteen);
  // Numeric, without brackets, port or zone: "192.0.2.1", "2001:db8::1". No octal and no short forms.
  static std::optional<IpAddress> parse(std::string_view text);

  bool is_v4() const;
  bool is_loopback() const;  // 127.0.0.0/8 or ::1
  std::string text() const;
  const Bytes& bytes() const { return bytes_; }

  // Returns what counts as one address for limits: the IPv4 address itself, or the /64 of an IPv6 address,
  // because a customer gets at least a /64 (RFC 6177) and can use any address in it.
  IpAddress limit_group() const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  Bytes bytes_{};  // IPv4 as ::ffff:a.b.c.d
};

// A CIDR block of addresses.
class IpRange {
 public:
  // "10.0.0.0/8", "2001:db8::/32", "::ffff:10.0.0.0/104" (which is the first), or one address. The error
  // explains what is wrong and what to write instead.
  static Result<IpRange> parse(std::string_view text);

  // An IPv4 range holds only IPv4 addresses, an IPv6 range none of them.
  bool contains(const IpAddress& address) const;
  unsigned prefix_bits() const;  // as text() writes it: of an IPv4 range 0 to 32
  std::string text() const;

 private:
  IpRange(const IpAddress& first, unsigned bits) : first_(first), bits_(bits) {}

  IpAddress first_;
  unsigned bits_;  // of the sixteen bytes: 96 more than an IPv4 prefix has
};

}  // namespace carillon
