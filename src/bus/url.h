// The `bus.url` setting, taken apart.
//
// Shape: memory:   redis://[user:pass@]host[:port][/db]   rediss://…   (RFC 3986; user and password
// percent-decoded). Pure. Errors state what to write instead and never repeat what follows the
// scheme: a password with a stray `@` or `/` would otherwise end up in a log as a "host" or a "port".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace carillon::bus {

inline constexpr std::size_t kUrlBytesMax = 2048;

// The scheme of a bus URL.
enum class Scheme { memory, redis, rediss };

// The parts of a bus URL.
struct BusUrl {
  Scheme scheme = Scheme::memory;
  std::string host;  // a name or a numeric address, without brackets
  std::uint16_t port = 6379;
  std::uint32_t database = 0;
  std::string user;  // empty: AUTH with the password alone
  Secret password;   // empty: no AUTH

  std::string display() const;  // without user and password
};

Result<BusUrl> parse_bus_url(std::string_view text);

}  // namespace carillon::bus
