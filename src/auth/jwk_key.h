// Public keys made from the numbers in a JSON Web Key (RFC 7518 section 6, RFC 8037 section 2).
//
// Thread: any; pure. Every error completes a sentence about the key: "has 1024 bits …".
#pragma once

#include <string_view>

#include "auth/openssl_handles.h"
#include "base/result.h"

namespace carillon::auth {

constexpr int kRsaBitsMax = 8192;        // a larger modulus makes each signature check slow
constexpr int kRsaExponentBitsMax = 64;  // likewise

// `modulus` and `exponent` are big-endian numbers; leading zero bytes are allowed.
Result<KeyHandle> make_rsa_key(std::string_view modulus, std::string_view exponent);
// `curve` is P-256, P-384 or P-521; each coordinate has exactly the curve's length, and the point must be on
// the curve.
Result<KeyHandle> make_ec_key(std::string_view curve, std::string_view x, std::string_view y);
// `curve` is Ed25519; `x` has 32 bytes.
Result<KeyHandle> make_okp_key(std::string_view curve, std::string_view x);

}  // namespace carillon::auth
