// HMAC with SHA-2 (RFC 7518 section 3.2), with the key schedule done once.
//
// Thread: one at a time; computing changes the prepared context.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "auth/algorithm.h"
#include "auth/openssl_handles.h"

namespace carillon::auth {

// A computed message authentication code.
struct Mac {
  std::array<unsigned char, 64> bytes;
  std::size_t size = 0;           // 0: OpenSSL failed (out of memory)
  std::string_view view() const;  // into this object
};

// An HMAC key with its key schedule already computed.
class Hmac {
 public:
  // Returns nothing when OpenSSL fails (out of memory, or a FIPS module that refuses the key).
  static std::optional<Hmac> make(Algorithm algorithm, std::string_view secret);

  Mac compute(std::string_view input);
  // Compares in constant time; a signature that is not as long as the MAC is refused.
  bool verify(std::string_view input, std::string_view signature);

 private:
  explicit Hmac(MacContext context) : context_(std::move(context)) {}
  MacContext context_;
};

}  // namespace carillon::auth
