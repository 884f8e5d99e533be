// What a signature algorithm means to OpenSSL: its hash, its padding, and how long the two numbers of an
// ECDSA signature are. Signing and verifying must agree on these.
//
// Thread: any; everything here is constant.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "auth/algorithm.h"

struct evp_md_st;
struct evp_pkey_ctx_st;

namespace carillon::auth {

// The curve of an ES* algorithm.
struct CurveParameters {
  Algorithm algorithm;
  std::string_view openssl_name;
  std::string_view name;
  std::size_t half_bytes;  // of r and of s (RFC 7518 section 3.4)
};
// Returns nothing for the algorithms that are not ES*.
std::optional<CurveParameters> curve_of(Algorithm algorithm);
// Returns the ES* algorithm of the curve with OpenSSL's name; nothing when there is none.
std::optional<Algorithm> algorithm_of_curve(std::string_view openssl_name);

// Returns null for EdDSA, which hashes internally.
const evp_md_st* digest_of(Algorithm algorithm);

// Sets the padding of PS* (RFC 7518 section 3.5): the salt is as long as the hash. Returns whether OpenSSL
// took it.
bool set_pss(evp_pkey_ctx_st* context, const evp_md_st* digest);

}  // namespace carillon::auth
